"""``helpcare run``: the embedded servers, one web process and the workers, kept alive."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

import structlog

from backend.servers import ServerUrls

_GRACE_S = 20.0
_LONGEST_PAUSE_S = 30.0
_PR_SET_PDEATHSIG = 1
log = structlog.get_logger()


def _die_with_parent() -> None:
    """Linux ends this process when `helpcare run` is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Child:
    """One process of ours; restarted when it dies, ever more slowly when it keeps dying."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = field(default=0.0)

    def start(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603  our own command
            self.command,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches us only, and we stop them in order
            preexec_fn=_die_with_parent,  # noqa: PLW1509  nothing of ours may outlive us
        )
        self.started_at = time.monotonic()

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def plan_restart(self) -> None:
        lived = time.monotonic() - self.started_at
        self.failures = 0 if lived > _LONGEST_PAUSE_S else self.failures + 1
        pause = 0.0 if self.failures <= 1 else min(2.0**self.failures, _LONGEST_PAUSE_S)
        log.error(
            "supervisor.child_died",
            child=self.name,
            code=self.process.returncode if self.process else None,
            restart_in_s=pause,
        )
        self.process = None
        self.start_at = time.monotonic() + pause


def supervise(urls: ServerUrls, *, workers: int, ready: Callable[[], None]) -> None:
    """Run until SIGTERM or SIGINT; then the web process stops taking, the workers drain."""
    helpcare = [sys.executable, "-m", "backend.cli"]
    children = [Child("web", [*helpcare, "web"])]
    children += [Child(f"worker-{n + 1}", [*helpcare, "worker"]) for n in range(workers)]
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    environment = urls.environment()
    threading.Thread(target=ready, daemon=True).start()
    while not stopping.is_set():
        for child in children:
            if child.died():
                child.plan_restart()
            if child.process is None and time.monotonic() >= child.start_at:
                child.start(environment)
        stopping.wait(0.2)
    _stop(children)


def _stop(children: list[Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_S
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("supervisor.killed", pid=process.pid)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
