"""How often a machine may answer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.mail.autoresponse import PER_ADDRESS, PER_THREAD, is_robot, may_auto_reply

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=m) for m in minutes]


@pytest.mark.parametrize(
    ("in_thread", "to_address", "allowed"),
    [
        ([], [], True),
        (ago(1, 2), ago(1, 2), True),
        (ago(1, 2, 3), ago(1, 2, 3), False),
        (ago(1, 2, 60), ago(1, 2, 60), True),
        ([], ago(*range(100, 1100, 100)), False),
        ([], ago(*range(100, 1000, 100)), True),
        ([], ago(*range(1440, 9000, 100)), True),
    ],
)
def test_limits(in_thread: list[datetime], to_address: list[datetime], allowed: bool) -> None:
    assert may_auto_reply(in_thread, to_address, NOW) is allowed


@given(st.lists(st.integers(1, 300), min_size=1, max_size=400))
def test_two_machines_fall_silent(pauses: list[int]) -> None:
    """Whatever the rhythm of an unmarked answering machine, the limits hold at every moment."""
    sent: list[datetime] = []
    now = NOW
    for pause in pauses:
        now += timedelta(seconds=pause)
        if may_auto_reply(sent, sent, now):
            sent.append(now)
    for moment in sent:
        assert sum(moment - timedelta(hours=1) < at <= moment for at in sent) <= PER_THREAD
        assert sum(moment - timedelta(days=1) < at <= moment for at in sent) <= PER_ADDRESS


@pytest.mark.parametrize(
    ("address", "robot"),
    [
        ("MAILER-DAEMON@x.co".lower(), True),
        ("no-reply@x.co", True),
        ("do_not_reply@x.co", True),
        ("noresponder@x.co", True),
        ("facturas.noreply@x.co", True),
        ("bounce+123@x.co", True),
        ("postmaster@x.co", True),
        ("noe.reyes@x.co", False),
        ("juan@noreply.co", False),
        ("soporte@x.co", False),
    ],
)
def test_addresses_that_nobody_reads(address: str, robot: bool) -> None:
    assert is_robot(address) is robot
