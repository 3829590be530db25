import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from support.desk import TUESDAY

from backend.timers.models import Timer
from backend.timers.service import back_off, cancel_timer, fire_due, set_timer

NOW = TUESDAY
MINUTE = timedelta(minutes=1)


async def put(database, key, due_at=NOW, kind="survey", **payload):
    async with database.transaction() as session:
        await set_timer(session, kind, key, due_at, payload)


async def rows(database):
    async with database.transaction() as session:
        found = await session.execute(select(Timer).order_by(Timer.due_at, Timer.id))
        return {timer.key: timer for timer in found.scalars()}


async def test_due_timers_fire_once_in_order(database):
    fired = []

    async def note(session, payload, now):
        fired.append((payload["name"], now))

    await put(database, "later", NOW + MINUTE, name="later")
    await put(database, "second", NOW, name="second")
    await put(database, "first", NOW - MINUTE, name="first")
    handlers = {"survey": note}
    assert await fire_due(database, handlers, now=NOW, limit=10) == 2
    assert await fire_due(database, handlers, now=NOW, limit=10) == 0
    assert fired == [("first", NOW), ("second", NOW)]
    assert await fire_due(database, handlers, now=NOW + MINUTE, limit=10) == 1


async def test_the_limit_holds_and_an_unknown_kind_waits_for_its_handler(database):
    async def nothing(session, payload, now):
        pass

    for n in range(4):
        await put(database, f"k{n}")
    await put(database, "odd", kind="from_a_newer_version")
    assert await fire_due(database, {"survey": nothing}, now=NOW, limit=3) == 3
    assert await fire_due(database, {"survey": nothing}, now=NOW, limit=3) == 1
    assert (await rows(database))["odd"].fired_at is None


async def test_a_failing_timer_rolls_back_waits_and_blocks_nobody(database):
    fired = []

    async def handler(session, payload, now):
        await set_timer(session, "other", payload["name"], NOW, {})
        if payload["name"] == "bad":
            raise RuntimeError("poison")
        fired.append(payload["name"])

    await put(database, "bad", NOW - MINUTE, name="bad")
    await put(database, "good", NOW, name="good")
    assert await fire_due(database, {"survey": handler}, now=NOW, limit=10) == 2
    assert fired == ["good"]
    timers = await rows(database)
    async with database.transaction() as session:
        assert (await session.scalars(select(Timer.key).where(Timer.kind == "other"))).all() == [
            "good"
        ]
    assert timers["bad"].fired_at is None
    assert (timers["bad"].attempts, timers["bad"].error) == (1, "RuntimeError")
    assert timers["bad"].due_at == NOW + back_off(1)


def test_the_wait_doubles_and_ends_at_an_hour():
    waits = [back_off(n) for n in range(1, 1000)]
    assert waits[:3] == [timedelta(seconds=s) for s in (5, 10, 20)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)


async def test_a_handler_may_postpone_its_own_timer(database):
    async def not_yet(session, payload, now):
        await set_timer(session, "survey", "7", now + MINUTE, payload)

    await put(database, "7", name="x")
    assert await fire_due(database, {"survey": not_yet}, now=NOW, limit=10) == 1
    timer = (await rows(database))["7"]
    assert timer.fired_at is None
    assert timer.due_at == NOW + MINUTE
    assert timer.payload == {"name": "x"}


async def test_many_workers_fire_each_timer_once(database):
    fired = []

    async def slow(session, payload, now):
        await asyncio.sleep(0.002)
        fired.append(payload["n"])

    for n in range(30):
        await put(database, f"k{n}", n=n)
    counts = await asyncio.gather(
        *(fire_due(database, {"survey": slow}, now=NOW, limit=30) for _ in range(5))
    )
    assert sum(counts) == 30
    assert sorted(fired) == list(range(30))


async def test_cancelling_removes_what_has_not_fired(database):
    async def nothing(session, payload, now):
        pass

    await put(database, "gone")
    async with database.transaction() as session:
        assert await cancel_timer(session, "survey", "gone")
        assert not await cancel_timer(session, "survey", "gone")
    assert await fire_due(database, {"survey": nothing}, now=NOW, limit=10) == 0


async def test_cancelling_does_not_wait_for_a_timer_that_is_firing(database):
    firing, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session, payload, now):
        firing.set()
        await go_on.wait()

    await put(database, "busy")
    worker = asyncio.create_task(fire_due(database, {"survey": slow}, now=NOW, limit=1))
    await firing.wait()
    async with asyncio.timeout(5):
        async with database.transaction() as session:
            assert not await cancel_timer(session, "survey", "busy")
    go_on.set()
    assert await worker == 1


async def test_a_database_that_is_away_is_the_callers_matter(database):
    async def nothing(session, payload, now):
        pass

    async with database.transaction() as session:
        await session.execute(Timer.__table__.delete())
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE timers RENAME TO elsewhere")
    with pytest.raises(Exception, match="timers"):
        await fire_due(database, {"survey": nothing}, now=NOW, limit=1)
