"""The durable inbox: what was acknowledged is stored, once, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.models import Message
from backend.database import Database
from backend.inbox.models import InboxEvent
from backend.outbox.models import DeliveryReport
from backend.problems import Conflict, NotFound
from backend.surveys import service as surveys
from bot.messages import DeliveryState, InboundMessage, StatusUpdate, advance

_RECEIVE = (
    "SELECT event_id, is_new FROM inbox_receive("
    "%s::varchar, %s::varchar, %s::varchar, %s::varchar, %s::bytea, %s::jsonb, %s::timestamptz,"
    " %s::varchar, %s::varchar)"
)

# what Procrastinate's own trigger, switched off in our schema, would say
_JOB_INSERTED = ("procrastinate_queue_v1#inbox", '{"type": "job_inserted", "job_id": 0}')


@dataclass(frozen=True, slots=True)
class Received:
    event_id: int
    is_new: bool  # False: a repeat, already stored


@dataclass(frozen=True, slots=True)
class Unread:
    """An event that waits for its turn, without its bytes."""

    id: int
    number: int
    channel: str
    message: dict[str, Any]  # bot.messages InboundMessage
    attempts: int
    retry_at: datetime | None
    account_id: int | None  # of its sender, where that is known


async def receive(
    database: Database, message: InboundMessage, raw: bytes, *, now: datetime
) -> Received:
    """Store one event, number it in its thread and ring the bell: one statement, committed.

    A repeat of ``(channel, account, provider_id)`` changes nothing.
    """
    received = await _store(
        database,
        (
            message.channel,
            message.account,
            message.thread,
            message.provider_id,
            raw,
            message.model_dump_json(exclude_defaults=True),
            now,
            "new",
            None,
        ),
    )
    if received.is_new:
        database.announce(*_JOB_INSERTED)
    return received


async def quarantine(
    database: Database,
    *,
    channel: str,
    account: str,
    provider_id: str,
    raw: bytes,
    reason: str,
    now: datetime,
) -> Received:
    """Keep what could not be read, with its bytes, where people see it."""
    values = (channel, account, "quarantine", provider_id, raw, None, now, "quarantined", reason)
    return await _store(database, values)


async def _store(database: Database, values: tuple[object, ...]) -> Received:
    row = await database.statement(_RECEIVE, values)
    if row is None:
        raise RuntimeError("inbox_receive gave no row")
    return Received(event_id=row[0], is_new=row[1])


async def report_status(database: Database, status: StatusUpdate) -> list[int]:
    """Keep a provider's word on a message of ours; the state never moves backwards.

    Returns the conversations where that shows. It may come before our own record of the
    sending: it is kept by provider id until then.
    """
    async with database.transaction() as session:
        await session.execute(
            insert(DeliveryReport)
            .values(
                channel=status.channel,
                provider_id=status.provider_id,
                state=DeliveryState.QUEUED,
                at=status.at,
            )
            .on_conflict_do_nothing()
        )
        report = await session.get_one(
            DeliveryReport, (status.channel, status.provider_id), with_for_update=True
        )
        later = advance(DeliveryState(report.state), status.state)
        if later != report.state:
            report.state = later
            report.at = status.at
            report.error_code = status.error_code
        # both times are kept: a hasty survey answer is measured from them
        if status.state == DeliveryState.DELIVERED:
            report.delivered_at = report.delivered_at or status.at
        if status.state == DeliveryState.READ:
            report.read_at = report.read_at or status.at
        return await apply_report(session, report)


async def apply_report(session: AsyncSession, report: DeliveryReport) -> list[int]:
    """Copy a report to its message, if that is known already; the conversations it is in."""
    failed = report.state == DeliveryState.FAILED
    note = f"El proveedor no lo entregó (código {report.error_code})" if failed else None
    told = await session.execute(
        update(Message)
        .where(Message.provider_id == report.provider_id, Message.author != "client")
        .values(delivery=report.state, delivery_note=note)
        .returning(Message.id, Message.conversation_id)
    )
    rows = told.all()
    for row in rows if failed else ():
        await surveys.delivery_failed(session, row.id, reason=note or "", now=report.at)
    return [row.conversation_id for row in rows]


async def replay(session: AsyncSession, event_id: int) -> InboxEvent:
    """Try a dead message again from the start, because a person said so."""
    event = (
        await session.execute(select(InboxEvent).where(InboxEvent.id == event_id).with_for_update())
    ).scalar_one_or_none()
    if event is None:
        raise NotFound(f"There is no inbox event {event_id}")
    if event.state != "dead":
        raise Conflict("Only a dead message can be replayed", state=event.state)
    event.state = "new"
    event.attempts = 0
    event.retry_at = None
    event.error = None
    await session.flush()
    await session.execute(text("SELECT inbox_ring(:thread_id)"), {"thread_id": event.thread_id})
    return event


_UNREAD = """
    SELECT id, number, channel, message, attempts, retry_at, account_id
    FROM inbox_unread(%s::bigint, %s::integer)
"""


async def unread(database: Database, thread_id: int, *, most: int) -> list[Unread]:
    """Hear the bell and read what has arrived; what arrives from now on rings again."""
    return [Unread(*row) for row in await database.rows(_UNREAD, (thread_id, most))]


async def ring_forgotten(database: Database, *, now: datetime, limit: int = 500) -> int:
    """Ring for threads whose bell was lost (a killed worker) or whose retry is due.

    Returns how many. A thread whose bell already waits is left alone for a minute.
    """
    async with database.transaction() as session:
        rung = await session.execute(
            text(
                """
                SELECT inbox_ring(t.id) FROM inbox_threads t
                JOIN LATERAL (
                    SELECT received_at, retry_at FROM inbox_events e
                    WHERE e.thread_id = t.id AND e.state = 'new'
                    ORDER BY e.number LIMIT 1
                ) first ON true
                WHERE t.id IN (
                    SELECT DISTINCT thread_id FROM inbox_events WHERE state = 'new'
                    ORDER BY thread_id LIMIT 5000
                )
                AND CASE
                    WHEN first.retry_at IS NOT NULL THEN
                        first.retry_at <= :now AND NOT t.ringing
                    ELSE first.received_at <= :now - CASE
                        WHEN t.ringing THEN interval '60 seconds' ELSE interval '5 seconds' END
                END
                LIMIT :limit
                """
            ),
            {"now": now, "limit": limit},
        )
        return len(rung.all())
