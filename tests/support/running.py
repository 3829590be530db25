"""``helpcare run`` as a process of its own, as a newcomer starts it.

    server = HelpCare(directory, {"HELPCARE_SURVEY_DELAY_S": "1"})
    server.start()
    …
    server.stop()

It runs in an empty directory, so that no ``.env`` of a developer counts, and with JSON logs.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import psycopg
from psycopg.rows import namedtuple_row
from support.mail_server import free_port
from support.model import trained_model_folder

from backend.embedded.postgres import running_postgres

# Generous: the machine may be busy with other tests.
PATIENCE_S = 60
STOP_LIMIT_S = 20  # what SIGTERM may take
_HELPCARE = [sys.executable, "-m", "backend.cli"]


def model_folder() -> Path:
    """The model of ``HELPCARE_TEST_MODEL``, else one trained on the present data."""
    given = os.environ.get("HELPCARE_TEST_MODEL")
    return Path(given) if given else trained_model_folder()


def eventually(holds, *, within=PATIENCE_S, what="it did not come true"):
    """The first true value of ``holds()``, asked again and again."""
    deadline = time.monotonic() + within
    while not (result := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(what() if callable(what) else what)
        time.sleep(0.05)
    return result


class HelpCare:
    """One installation: a data directory, a port, and the process when it runs."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = directory / "log"
        self.output = directory / "output"
        self.process: subprocess.Popen[bytes] | None = None
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HELPCARE_")}
        self.environment = inherited | {
            "HELPCARE_DATA_DIR": str(self.data_dir),
            "HELPCARE_MODEL_DIR": str(model_folder()),
            "HELPCARE_PORT": str(self.port),
            "HELPCARE_PUBLIC_URL": self.url,
            "HELPCARE_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
            **settings,
        }

    # --- the process ------------------------------------------------------------------------

    def start(self) -> None:
        with self.log.open("ab") as log, self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*_HELPCARE, "run"],
                cwd=self.directory,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self, *, with_worker=True, within=PATIENCE_S) -> None:
        """Until messages are stored and, ``with_worker``, answered."""
        wanted = ("ready",) if with_worker else ("ready", "degraded")
        eventually(lambda: self.state() in wanted, within=within, what=self.tail)

    def state(self) -> str:
        """What ``/readyz`` says; ``""`` while nobody answers."""
        assert self.process is None or self.process.poll() is None, self.tail()
        return _answers(f"{self.url}/readyz")

    def family(self) -> list[psutil.Process]:
        """The process and all that it started, eldest first."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            eldest = psutil.Process(self.process.pid)
            return [eldest, *eldest.children(recursive=True)]
        return []

    def children(self, word: str) -> list[psutil.Process]:
        """The processes that have the word as an argument, such as ``web`` or ``worker``."""
        found = []
        for process in self.family():
            with suppress(psutil.Error):
                if word in process.cmdline():
                    found.append(process)
        return found

    def postmaster(self) -> int | None:
        """Process id of the embedded PostgreSQL."""
        with suppress(OSError, ValueError):
            return int((self.data_dir / "postgres/postmaster.pid").read_text().split()[0])
        return None

    def stop(self) -> float:
        """SIGTERM; the seconds until nothing of it was left. Fails when that takes too long."""
        assert self.process is not None
        family = self.family()
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_LIMIT_S)
            _, left = psutil.wait_procs(family, timeout=STOP_LIMIT_S - (time.monotonic() - began))
            assert not left, f"still running after SIGTERM: {left}"
            assert code == 0, f"ended with {code}\n{self.tail()}"
        finally:
            kill(family)
        return time.monotonic() - began

    def kill(self) -> None:
        """End everything at once, as a power cut does; harmless when nothing runs."""
        if self.process is not None:
            kill(self.family())
            self.process.wait()

    def command(self, *words: str) -> str:
        """What ``helpcare WORDS…`` prints, run beside the server."""
        done = subprocess.run(
            [*_HELPCARE, *words],
            check=False,
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def another_web(self):
        """A second web process on the same servers; its address."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*_HELPCARE, "web"],
                cwd=self.directory,
                env=self.environment | {"HELPCARE_PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            eventually(lambda: _answers(f"{url}/readyz"), what=self.tail)
            yield url
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_LIMIT_S)
        finally:
            process.kill()
            process.wait()

    # --- what can be seen of it -------------------------------------------------------------

    def tail(self) -> str:
        """The end of the log, for a failure's message."""
        return self.log.read_text(errors="replace")[-4000:]

    def first_admin(self) -> tuple[str, str]:
        """Address and one-time password, as printed at the first start."""
        pattern = r"First administrator:\s+(\S+), one-time\s+password\s+(\S+)"
        found = re.search(pattern, self.output.read_text())
        assert found, "no first administrator was printed"
        return found[1].rstrip(","), found[2]

    @contextmanager
    def database(self):
        url = running_postgres(self.data_dir)
        assert url, "the embedded PostgreSQL does not run"
        with psycopg.connect(url, autocommit=True, row_factory=namedtuple_row) as connection:
            yield connection

    def rows(self, query: str, *values: object) -> list:
        with self.database() as connection:
            return connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object):
        """The first row, or ``None``."""
        found = self.rows(query, *values)
        return found[0] if found else None

    def complaints(self, *expected: str) -> list[str]:
        """Lines of the log that are errors or not JSON, but for those with an expected event."""
        found = []
        for line in self.log.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                found.append(line)
                continue
            bad = entry["level"] in ("error", "critical") or "exception" in entry
            if bad and entry["event"] not in expected:
                found.append(line)
        return found

    def logged(self, *canaries: str) -> list[str]:
        """Those of the canaries that stand in any log, the servers' own included."""
        logs = [self.log, *self.data_dir.rglob("*.log*")]
        text = "\n".join(log.read_text(errors="replace") for log in logs).lower()
        return [canary for canary in canaries if canary.lower() in text]


def _answers(url: str) -> str:
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=5).json()["status"]
    return ""


def kill(processes: list[psutil.Process]) -> None:
    """SIGKILL, all before any can react to another's end, and wait until they are gone."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
    psutil.wait_procs(processes, timeout=10)
