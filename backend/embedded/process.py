"""Starting server processes under a guardian, and ending what an earlier owner left behind."""

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from backend.embedded import guardian
from backend.embedded.errors import EmbeddedServerError, explain_os_error

_GUARDIAN = str(Path(guardian.__file__).resolve())
_LOG_LIMIT = 5_000_000  # bytes, then the log is moved aside at the next start
_SOCKET_PATH_LIMIT = 103  # sun_path, the smaller of Linux' 108 and macOS' 104, less the NUL


class GuardedProcess:
    """A command that runs as long as this process does; its output is appended to ``log``."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        log: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        account: tuple[int, int] | None = None,
    ) -> None:
        """Start it. ``account`` is (uid, gid) to run as, where root must not."""
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        self._log = log
        who = "-" if account is None else f"{account[0]}:{account[1]}"
        # A server must not take its settings from variables meant for a client (PGPORT, PGDATA).
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        with log.open("ab") as output:
            log.chmod(0o600)
            self._log_start = output.tell()
            self._guardian = subprocess.Popen(  # noqa: S603  # our own command, no shell
                [sys.executable, "-I", "-S", _GUARDIAN, stop_signal.name, who, *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=cwd,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the owner, who stops us in its own time
            )

    @property
    def exit_status(self) -> int | None:
        """None while it runs, or is being started again."""
        return self._guardian.poll()

    def keep_up(self) -> None:
        """From now on start it again whenever it ends by itself."""
        assert self._guardian.stdin is not None  # noqa: S101  # stdin=PIPE
        with suppress(BrokenPipeError):
            self._guardian.stdin.write(b"\n")
            self._guardian.stdin.flush()

    def wait(self, timeout_s: float) -> int:
        """Wait for a command that ends by itself; :exc:`subprocess.TimeoutExpired` if not."""
        return self._guardian.wait(timeout_s)

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        assert self._guardian.stdin is not None  # noqa: S101  # stdin=PIPE
        with suppress(BrokenPipeError):
            self._guardian.stdin.close()
        self._guardian.wait()

    def report(self) -> str:
        """What it has written to the log since this start, at most the last 8 kB."""
        with self._log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._log_start, size - 8_000))
            return file.read().decode(errors="replace")


def make_directory(path: Path, server: str) -> None:
    """Create a private directory, or say why it cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / ".writable"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise explain_os_error(server, path, error) from error


def fits_socket(path: Path) -> bool:
    """Whether the operating system can bind a socket of this name."""
    return len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT


def free_port() -> int:
    """A TCP port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wheel_file(package: str, pattern: str) -> Path:
    """A file that the wheel of ``package`` carries, without importing the package."""
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        for found in sorted(Path(folder).glob(pattern)):
            return found
    raise EmbeddedServerError(
        f"The package {package} with the embedded server is not installed for this platform. "
        "Install it, or run your own servers and set HELPCARE_DATABASE_URL and HELPCARE_REDIS_URL."
    )


def end_leftovers(binary_name: str, directory: Path, stop_signal: signal.Signals) -> int:
    """End servers of a dead owner that still work in ``directory``; the number ended.

    Called under the directory's lock, so nobody's living server can be among them. Guardians go
    first, or they would start the server again.
    """
    guardians, servers = [], []
    for process in psutil.process_iter():
        # Of another account, or gone meanwhile: not ours, for ours has our account.
        with suppress(psutil.Error):
            if process.name() == binary_name and Path(process.cwd()) == directory:
                servers.append(process)
            elif _GUARDIAN in process.cmdline() and Path(process.cwd()) == directory:
                guardians.append(process)
    for process in guardians:
        with suppress(psutil.Error):
            process.kill()
    for number, patience_s in ((stop_signal, 3.0), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 2.0)):
        for process in servers:
            with suppress(psutil.Error):
                process.send_signal(number)
        _, alive = psutil.wait_procs(servers, timeout=patience_s)
        if not alive:
            break
    return len(servers)


def pause() -> None:
    """Between two looks at a starting server."""
    time.sleep(0.02)
