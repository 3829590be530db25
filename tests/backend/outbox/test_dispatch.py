"""Delivering: once where it matters, in order, and what becomes of failures and crashes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from sqlalchemy import select
from support.servers import valkey_url

from backend.database import Database
from backend.live import Live
from backend.outbox import service as outbox
from backend.outbox.dispatch import Dispatcher, after, backoff
from backend.outbox.models import OutboxAttempt, OutboxItem
from backend.outbox.senders import CLAIM
from backend.problems import Conflict
from bot.messages import Outcome, Permanent, Receipt, Retryable, Uncertain

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@dataclass
class Provider:
    """Sends by a script of outcomes; ``sent`` is what the world saw."""

    repeatable: bool = False
    script: list[Outcome] = field(default_factory=list)
    found: Outcome = field(default_factory=lambda: Uncertain(reason="still unknown"))
    sent: list[str] = field(default_factory=list)
    slow: asyncio.Event | None = None

    async def send(self, item: OutboxItem, *, now: datetime) -> Outcome:
        self.sent.append(item.key)
        if self.slow is not None and item.key == "slow":
            await self.slow.wait()
        return self.script.pop(0) if self.script else Receipt(provider_id=f"id-{item.key}")

    async def reconcile(self, item: OutboxItem, *, now: datetime) -> Outcome:
        return self.found


@dataclass
class World:
    database: Database
    provider: Provider
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.dispatcher = self.another_worker()

    def another_worker(self) -> Dispatcher:
        live = Live(Redis.from_url(valkey_url()))
        return Dispatcher(self.database, {"lane": self.provider}, live, lambda: self.now)

    async def enqueue(self, *keys: str, order: str = "one") -> None:
        async with self.database.transaction() as session:
            for key in keys:
                outbox.enqueue(
                    session, key=key, lane="lane", order_key=order, payload={}, now=self.now
                )

    async def states(self) -> dict[str, str]:
        async with self.database.transaction() as session:
            rows = await session.execute(select(OutboxItem).order_by(OutboxItem.id))
            return {item.key: item.state for item in rows.scalars()}


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    world = World(database, Provider())
    yield world
    await world.dispatcher.finish(5)


async def test_the_same_key_is_one_effect(world: World) -> None:
    await world.enqueue("a")
    await world.enqueue("a")
    await world.dispatcher.deliver_due()
    assert world.provider.sent == ["a"]
    assert await world.states() == {"a": "sent"}


async def test_four_workers_send_each_row_once_and_in_order(world: World) -> None:
    keys = [f"k{n}" for n in range(12)]
    await world.enqueue(*keys)
    workers = [world.another_worker() for _ in range(4)]
    for _ in keys:
        await asyncio.gather(*(worker.deliver_due() for worker in workers))
    assert world.provider.sent == keys


async def test_a_failed_try_holds_up_those_behind_it_until_it_is_through(world: World) -> None:
    world.provider.script = [Retryable(reason="busy", after=timedelta(seconds=30))]
    await world.enqueue("first", "second")
    await world.enqueue("other", order="two")
    await world.dispatcher.deliver_due()
    assert await world.states() == {"first": "queued", "second": "queued", "other": "sent"}
    world.now += timedelta(seconds=29)
    await world.dispatcher.deliver_due()
    assert world.provider.sent == ["first", "other"]  # told to wait, it waits all of it
    world.now += timedelta(seconds=10)
    await world.dispatcher.deliver_due()
    assert world.provider.sent == ["first", "other", "first", "second"]


async def test_a_slow_recipient_holds_up_nobody_else(world: World) -> None:
    world.provider.slow = asyncio.Event()
    await world.enqueue("slow")
    await world.enqueue("quick", order="two")
    world.dispatcher.wake("lane")
    async with asyncio.timeout(10):
        while (await world.states())["quick"] != "sent":
            await asyncio.sleep(0.02)
    assert (await world.states())["slow"] == "sending"
    world.provider.slow.set()


async def test_an_uncertain_send_is_never_repeated_blindly(world: World) -> None:
    world.provider.script = [Uncertain(reason="cut off after the request")]
    await world.enqueue("a", "b")
    await world.dispatcher.deliver_due()
    assert await world.states() == {"a": "uncertain", "b": "sent"}
    world.now += timedelta(hours=5)
    await world.dispatcher.look_after()
    assert world.provider.sent == ["a", "b"]
    world.provider.found = Receipt(provider_id="SM1")
    world.now += timedelta(hours=5)
    await world.dispatcher.look_after()
    assert await world.states() == {"a": "sent", "b": "sent"}


async def test_surely_absent_is_sent_again(world: World) -> None:
    world.provider.script = [Uncertain(reason="cut off")]
    world.provider.found = Retryable(reason="the provider does not know it")
    await world.enqueue("a")
    await world.dispatcher.deliver_due()
    world.now += timedelta(minutes=5)
    await world.dispatcher.look_after()
    world.now += timedelta(minutes=5)
    await world.dispatcher.deliver_due()
    assert world.provider.sent == ["a", "a"]


@pytest.mark.parametrize(("repeatable", "sends"), [(True, 2), (False, 1)])
async def test_a_worker_killed_while_sending(world: World, *, repeatable: bool, sends: int) -> None:
    world.provider.repeatable = repeatable
    world.provider.slow = asyncio.Event()
    await world.enqueue("slow")
    dying = asyncio.create_task(world.dispatcher.deliver_due())
    while not world.provider.sent:
        await asyncio.sleep(0.02)
    dying.cancel()  # as far as the database can tell, kill -9
    await asyncio.gather(dying, return_exceptions=True)
    world.provider.slow.set()
    if repeatable:
        world.provider.found = Retryable(reason="sent again, harmless")
    await world.dispatcher.look_after()
    assert await world.states() == {"slow": "sending"}  # the claim has not run out
    world.now += CLAIM + timedelta(seconds=1)
    await world.dispatcher.look_after()
    world.now += timedelta(minutes=10)
    await world.dispatcher.deliver_due()
    assert len(world.provider.sent) == sends
    assert await world.states() == {"slow": "sent" if repeatable else "uncertain"}


async def test_a_late_worker_cannot_overwrite_what_another_recorded(world: World) -> None:
    world.provider.slow = asyncio.Event()
    await world.enqueue("slow")
    late = asyncio.create_task(world.dispatcher.deliver_due())
    while not world.provider.sent:
        await asyncio.sleep(0.02)
    world.now += CLAIM + timedelta(seconds=1)
    world.provider.found = Receipt(provider_id="SM-found")
    await world.another_worker().look_after()
    world.provider.script = [Permanent(reason="too late to say")]
    world.provider.slow.set()
    await late
    assert await world.states() == {"slow": "sent"}


async def test_a_bug_in_a_sender_ends_uncertain_and_not_in_a_loop(world: World) -> None:
    async def broken(item: OutboxItem, *, now: datetime) -> Outcome:
        world.provider.sent.append(item.key)
        raise KeyError("bug")

    world.provider.send = broken
    await world.enqueue("a")
    await world.dispatcher.deliver_due()
    assert await world.states() == {"a": "uncertain"}
    assert world.provider.sent == ["a"]


async def test_only_failed_or_uncertain_items_are_sent_again_by_hand(world: World) -> None:
    world.provider.script = [Permanent(reason="the window is closed", code="window_closed")]
    await world.enqueue("a")
    await world.dispatcher.deliver_due()
    async with world.database.transaction() as session:
        item = (await session.execute(select(OutboxItem))).scalar_one()
        await outbox.retry(session, item.id, now=world.now)
        with pytest.raises(Conflict):
            await outbox.retry(session, item.id, now=world.now)
    await world.dispatcher.deliver_due()
    assert await world.states() == {"a": "sent"}
    async with world.database.transaction() as session:
        rows = await session.execute(select(OutboxAttempt).order_by(OutboxAttempt.id))
        assert [attempt.outcome for attempt in rows.scalars()] == ["permanent", "receipt"]


OUTCOMES = st.one_of(
    st.builds(Receipt, provider_id=st.text(min_size=1, max_size=5)),
    st.builds(Permanent, reason=st.text(max_size=5)),
    st.builds(Uncertain, reason=st.text(max_size=5)),
    st.builds(
        Retryable,
        reason=st.text(max_size=5),
        after=st.none() | st.timedeltas(timedelta(0), timedelta(hours=2)),
    ),
)


@given(OUTCOMES, st.booleans(), st.integers(1, 60), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_after_any_outcome_the_row_waits_at_least_as_told_and_ends_some_day(
    outcome: Outcome, repeatable: bool, attempts: int, age: timedelta
) -> None:
    item = OutboxItem(attempts=attempts, created_at=NOW - age)
    values = after(item, outcome, repeatable=repeatable, now=NOW)
    if values["state"] == "queued":
        assert values["due_at"] >= NOW + (getattr(outcome, "after", None) or timedelta(0))
        assert age <= timedelta(days=3)
    if isinstance(outcome, Uncertain) and not repeatable:
        assert values["state"] == "uncertain"
    if values["state"] in ("sent", "failed"):
        assert values["finished_at"] == NOW


@given(st.integers(1, 200))
def test_back_off_grows_to_ten_minutes(attempts: int) -> None:
    assert timedelta(seconds=1.8) <= backoff(attempts) <= timedelta(minutes=11)
