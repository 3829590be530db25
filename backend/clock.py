"""The only place that asks for the time; everything else is told."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]  # returns aware UTC


def clock_from(fake_now: datetime | None) -> Clock:
    """The system's clock, or one that starts at ``fake_now`` and runs on from there."""
    if fake_now is None:
        return lambda: datetime.now(UTC)
    started = time.monotonic()
    start = fake_now.astimezone(UTC)
    return lambda: start + timedelta(seconds=time.monotonic() - started)
