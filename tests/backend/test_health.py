"""The truth table of liveness and readiness (faults X4)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend import health
from backend.health import CheckResult, State

MB = 1_000_000

TABLE = [
    # part, verdict, HTTP status, word in the reason
    ("database", health.database(None), 200, None),
    ("database", health.database("OperationalError"), 503, "OperationalError"),
    ("database", health.database(None, schema_is_current=False), 503, "helpcare migrate"),
    ("redis", health.redis(None), 200, None),
    ("redis", health.redis("ConnectionError"), 200, "ConnectionError"),
    ("worker", health.worker(timedelta(seconds=30)), 200, None),
    ("worker", health.worker(timedelta(seconds=31)), 200, "31 s"),
    ("worker", health.worker(None), 200, "no worker runs"),
    ("queue", health.queue(None), 200, None),
    ("queue", health.queue(timedelta(seconds=60)), 200, None),
    ("queue", health.queue(timedelta(seconds=61)), 200, "61 s"),
    ("disk", health.disk(1000 * MB), 200, None),
    ("disk", health.disk(999 * MB), 200, "999 MB"),
    ("disk", health.disk(99 * MB), 503, "99 MB"),
    ("model", health.model(None), 200, None),
    ("model", health.model("no model"), 200, "go to agents"),
    ("mailbox", health.mailbox(None), 200, None),
    ("mailbox", health.mailbox(timedelta(minutes=9)), 200, None),
    ("mailbox", health.mailbox(timedelta(minutes=10)), 200, "10 minutes"),
]


@pytest.mark.parametrize(("part", "verdict", "status", "word"), TABLE)
def test_one_part_beside_healthy_ones(part, verdict, status, word):
    code, body = health.readiness({"other": CheckResult(), part: verdict})
    assert code == status
    if word is None:
        assert body == {"status": "ready", "reasons": [], "checks": {"other": "ok", part: "ok"}}
    else:
        (reason,) = body["reasons"]
        assert reason.startswith(f"{part}: ")
        assert word in reason
        assert body["status"] == ("not ready" if status == 503 else "degraded")


@given(st.lists(st.sampled_from(list(State))))
def test_down_is_not_ready_whatever_else_and_nothing_else_is(states):
    checks = {f"part {i}": CheckResult(state, "why") for i, state in enumerate(states)}
    code, body = health.readiness(checks)
    assert (code == 503) == (State.DOWN in states)
    assert len(body["reasons"]) == sum(state != State.OK for state in states)


def test_liveness_depends_on_nothing():
    assert health.liveness() == (200, {"status": "alive"})
