"""Storing before acknowledging: once, numbered, with its bell, and unreadable ones kept."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from backend.database import Database
from backend.inbox.models import InboxEvent, InboxThread
from backend.inbox.service import (
    quarantine,
    receive,
    replay,
    report_status,
    ring_forgotten,
    unread,
)
from backend.outbox.models import DeliveryReport
from backend.problems import Conflict, NotFound
from bot.messages import DeliveryState, InboundMessage, Sender, StatusUpdate

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def message(provider_id: str, thread: str = "+573001112233", text: str = "hola") -> InboundMessage:
    return InboundMessage(
        channel="whatsapp",
        account="+576015550000",
        provider_id=provider_id,
        thread=thread,
        sender=Sender(external_id=thread),
        text=text,
        sent_at=NOW,
    )


async def rows(database: Database, model: type) -> list:
    async with database.transaction() as session:
        return list((await session.execute(select(model).order_by(model.id))).scalars())


async def jobs(database: Database) -> list[int]:
    async with database.transaction() as session:
        found = await session.execute(
            text("SELECT (args->>'thread_id')::int FROM procrastinate_jobs WHERE status = 'todo'")
        )
        return list(found.scalars())


async def test_stores_numbers_and_rings_once_per_thread(database: Database) -> None:
    for n in range(3):
        received = await receive(database, message(f"SM{n}"), b"raw", now=NOW)
        assert received.is_new
    events = await rows(database, InboxEvent)
    assert [(e.number, e.provider_id, e.raw, e.state) for e in events] == [
        (n + 1, f"SM{n}", b"raw", "new") for n in range(3)
    ]
    assert await jobs(database) == [events[0].thread_id]


async def test_a_repeat_is_the_same_event_and_takes_no_number(database: Database) -> None:
    first = await receive(database, message("SM1"), b"raw", now=NOW)
    again = await receive(database, message("SM1"), b"raw", now=NOW + timedelta(days=8))
    assert (again.event_id, again.is_new) == (first.event_id, False)
    await receive(database, message("SM2"), b"raw", now=NOW)
    assert [e.number for e in await rows(database, InboxEvent)] == [1, 2]


async def test_a_hundred_identical_requests_at_once_are_one_event(database: Database) -> None:
    received = await asyncio.gather(
        *(receive(database, message("SM1"), b"raw", now=NOW) for _ in range(100))
    )
    assert sum(r.is_new for r in received) == 1
    assert len(await rows(database, InboxEvent)) == 1


async def test_concurrent_messages_of_one_thread_get_every_number_once(database: Database) -> None:
    await asyncio.gather(
        *(receive(database, message(f"SM{n}"), b"raw", now=NOW) for n in range(50))
    )
    assert [e.number for e in sorted(await rows(database, InboxEvent), key=lambda e: e.number)] == [
        *range(1, 51)
    ]
    assert len(await jobs(database)) == 1


async def test_text_that_postgresql_refuses_is_stored_readably(database: Database) -> None:
    await receive(database, message("SM1", text="a\x00b\ud800ñ 🙂"), b"\x00raw", now=NOW)
    [event] = await rows(database, InboxEvent)
    assert event.message["text"] == "a\ufffdb\ufffdñ 🙂"
    assert event.raw == b"\x00raw"


async def test_what_arrives_after_the_bell_was_heard_rings_again(database: Database) -> None:
    await receive(database, message("SM1"), b"raw", now=NOW)
    [thread] = await rows(database, InboxThread)
    assert [event.number for event in await unread(database, thread.id, most=5)] == [1]
    await receive(database, message("SM2"), b"raw", now=NOW)
    assert await jobs(database) == [thread.id, thread.id]


async def test_a_lost_bell_is_rung_again_but_a_waiting_one_is_left(database: Database) -> None:
    await receive(database, message("SM1"), b"raw", now=NOW)
    assert await ring_forgotten(database, now=NOW + timedelta(seconds=10)) == 0
    [thread] = await rows(database, InboxThread)
    await unread(database, thread.id, most=5)  # heard, and then the worker was killed
    assert await ring_forgotten(database, now=NOW + timedelta(seconds=1)) == 0
    assert await ring_forgotten(database, now=NOW + timedelta(seconds=10)) == 1
    assert await ring_forgotten(database, now=NOW + timedelta(seconds=20)) == 0
    assert await ring_forgotten(database, now=NOW + timedelta(seconds=90)) == 1


async def test_quarantined_bytes_are_kept_and_ring_nobody(database: Database) -> None:
    await quarantine(
        database,
        channel="email",
        account="soporte@periferia.example",
        provider_id="imap:1:7",
        raw=b"\xff\x00",
        reason="took more than 2 s to read",
        now=NOW,
    )
    [event] = await rows(database, InboxEvent)
    assert (event.state, event.raw, event.message) == ("quarantined", b"\xff\x00", None)
    assert await jobs(database) == []


async def test_only_a_dead_event_can_be_replayed(database: Database) -> None:
    received = await receive(database, message("SM1"), b"raw", now=NOW)
    async with database.transaction() as session:
        with pytest.raises(Conflict):
            await replay(session, received.event_id)
        with pytest.raises(NotFound):
            await replay(session, 999)
        event = await session.get_one(InboxEvent, received.event_id)
        event.state, event.attempts, event.error = "dead", 5, "ValueError"
    async with database.transaction() as session:
        await replay(session, received.event_id)
    [event] = await rows(database, InboxEvent)
    assert (event.state, event.attempts, event.error) == ("new", 0, None)
    assert len(await jobs(database)) == 2


@pytest.mark.parametrize(
    ("reported", "kept"),
    [
        (["sent", "delivered", "read"], "read"),
        (["read", "delivered", "sent"], "read"),
        (["delivered", "failed"], "delivered"),
        (["failed", "queued"], "failed"),
    ],
)
async def test_a_state_never_moves_backwards(
    database: Database, reported: list[str], kept: str
) -> None:
    for state in reported:
        await report_status(
            database,
            StatusUpdate(
                channel="whatsapp",
                account="+576015550000",
                provider_id="SMout",
                state=DeliveryState(state),
                at=NOW,
            ),
        )
    async with database.transaction() as session:
        report = await session.get_one(DeliveryReport, ("whatsapp", "SMout"))
    assert report.state == kept
    assert (report.read_at is not None) == ("read" in reported)
    assert (report.delivered_at is not None) == ("delivered" in reported)
