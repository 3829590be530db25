"""Is the service fit to serve? Pure: measurements in, verdict out.

"Not ready" takes the web process out of its load balancer, and a provider whose webhook finds
nobody may lose the message. So only what keeps us from *storing* a message makes us not ready;
what keeps us from *answering* it is "degraded": served, with the reason, for the alarm. Liveness
asks nothing outside the process: a restart mends no database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

WORKER_SILENT = timedelta(seconds=30)  # workers show themselves every 2 s
QUEUE_OLD = timedelta(minutes=1)
MAILBOX_FAILING = timedelta(minutes=10)
DISK_LOW = 1_000_000_000  # bytes free
DISK_FULL = 100_000_000


class State(StrEnum):
    """States of a part, best first."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One part's state; ``reason`` is for operators: no secrets, no personal data."""

    state: State = State.OK
    reason: str = ""


def liveness() -> tuple[int, dict[str, Any]]:
    """HTTP status and body of ``/healthz``: that it answers is all there is to say."""
    return 200, {"status": "alive"}


def readiness(checks: Mapping[str, CheckResult]) -> tuple[int, dict[str, Any]]:
    """HTTP status and body of ``/readyz``: 503 when a part is down, else 200."""
    states = {check.state for check in checks.values()}
    down = State.DOWN in states
    status = "not ready" if down else "degraded" if State.DEGRADED in states else "ready"
    body = {
        "status": status,
        "reasons": [
            f"{name}: {check.reason}" for name, check in checks.items() if check.state != State.OK
        ],
        "checks": {name: check.state.value for name, check in checks.items()},
    }
    return (503 if down else 200), body


def database(error: str | None, *, schema_is_current: bool = True) -> CheckResult:
    """``error`` names the failure of a trivial query, ``None`` when it was answered."""
    if error is not None:
        return CheckResult(State.DOWN, f"not reached ({error})")
    if not schema_is_current:
        return CheckResult(State.DOWN, "its schema is not this version's: run `helpcare migrate`")
    return CheckResult()


def redis(error: str | None) -> CheckResult:
    """Without Redis nothing is lost: pages poll and limits open."""
    if error is not None:
        return CheckResult(State.DEGRADED, f"not reached ({error}); pages update more slowly")
    return CheckResult()


def worker(silent_for: timedelta | None) -> CheckResult:
    """``silent_for``: since the last heartbeat of the liveliest worker; ``None``: there is none."""
    if silent_for is None:
        return CheckResult(State.DEGRADED, "no worker runs; messages are stored and wait")
    if silent_for > WORKER_SILENT:
        seconds = int(silent_for.total_seconds())
        return CheckResult(State.DEGRADED, f"no sign of life for {seconds} s; messages wait")
    return CheckResult()


def queue(oldest: timedelta | None) -> CheckResult:
    """``oldest``: age of the oldest message that waits to be handled; ``None``: none waits."""
    if oldest is not None and oldest > QUEUE_OLD:
        seconds = int(oldest.total_seconds())
        return CheckResult(State.DEGRADED, f"the oldest unread message waits for {seconds} s")
    return CheckResult()


def disk(free_bytes: int) -> CheckResult:
    """``free_bytes`` on the disk of the data directory."""
    free = f"{free_bytes // 1_000_000} MB free"
    if free_bytes < DISK_FULL:
        return CheckResult(State.DOWN, f"{free}: messages cannot be stored safely")
    if free_bytes < DISK_LOW:
        return CheckResult(State.DEGRADED, free)
    return CheckResult()


def model(problem: str | None) -> CheckResult:
    """Without a model every message goes to a person."""
    if problem is not None:
        return CheckResult(State.DEGRADED, f"{problem}; messages go to agents")
    return CheckResult()


def mailbox(failing_for: timedelta | None) -> CheckResult:
    """``failing_for``: since when it cannot be read; ``None``: it can, or there is none."""
    if failing_for is not None and failing_for >= MAILBOX_FAILING:
        minutes = int(failing_for.total_seconds() // 60)
        return CheckResult(State.DEGRADED, f"cannot be read for {minutes} minutes")
    return CheckResult()
