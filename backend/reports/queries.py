"""Figures, computed by the database.

The first answer is a person's: their first message in a conversation of the ticket after it was
opened, or their first public word on it, whichever came first; the bot's do not count.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Interval, and_, cast, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.conversations.models import Message
from backend.reports.schemas import Csat, Duration, Summary
from backend.surveys.models import Survey
from backend.tickets.lifecycle import OPEN
from backend.tickets.models import Ticket, TicketConversation, TicketEvent

SATISFIED = 4  # CSAT is the share of 4 and 5


async def summary(
    session: AsyncSession,
    *,
    start: datetime,
    end: datetime,
    account_id: int | None,
    assignee_id: int | None,
    now: datetime,
) -> Summary:
    """The figures of one period, of all tickets or of one account's or agent's."""
    mine: list[ColumnElement[bool]] = [Ticket.merged_into_id.is_(None)]
    if account_id is not None:
        mine.append(Ticket.account_id == account_id)
    if assignee_id is not None:
        mine.append(Ticket.assignee_id == assignee_id)
    by_status = await _open_by(session, Ticket.status, mine)
    opened = and_(*mine, Ticket.created_at >= start, Ticket.created_at < end)
    resolved = and_(*mine, Ticket.resolved_at >= start, Ticket.resolved_at < end)
    overdue = and_(*mine, Ticket.status.in_(OPEN), Ticket.due_at < now)
    return Summary(
        start=start,
        end=end,
        open=sum(by_status.values()),
        overdue=await _count(session, overdue),
        open_by_status=by_status,
        open_by_type=await _open_by(session, Ticket.type, mine),
        opened=await _count(session, opened),
        resolved=await _count(session, resolved),
        csat=await _csat(session, start, end, mine),
        first_answer=await _median(session, _first_answer() - Ticket.created_at, opened),
        resolution=await _median(session, Ticket.resolved_at - Ticket.created_at, resolved),
    )


async def _count(session: AsyncSession, where: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).select_from(Ticket).where(where)) or 0


async def _open_by(
    session: AsyncSession, column: InstrumentedAttribute[str], mine: list[ColumnElement[bool]]
) -> dict[str, int]:
    rows = await session.execute(
        select(column, func.count()).where(*mine, Ticket.status.in_(OPEN)).group_by(column)
    )
    return dict(sorted((name, count) for name, count in rows))


async def _csat(
    session: AsyncSession, start: datetime, end: datetime, mine: list[ColumnElement[bool]]
) -> Csat:
    joined = select(Survey).join(Ticket, Ticket.id == Survey.ticket_id).where(*mine)
    sent = await session.scalar(
        joined.with_only_columns(func.count()).where(Survey.sent_at >= start, Survey.sent_at < end)
    )
    rows = await session.execute(
        joined.with_only_columns(Survey.score, func.count())
        .where(Survey.score.is_not(None), Survey.scored_at >= start, Survey.scored_at < end)
        .group_by(Survey.score)
    )
    by_score = dict.fromkeys(range(1, 6), 0) | {int(score or 0): count for score, count in rows}
    n = sum(by_score.values())
    satisfied = sum(count for score, count in by_score.items() if score >= SATISFIED)
    return Csat(
        n=n,
        sent=sent or 0,
        percent=round(100 * satisfied / n, 1) if n else None,
        mean=round(sum(s * count for s, count in by_score.items()) / n, 2) if n else None,
        by_score=by_score,
    )


def _first_answer() -> ColumnElement[datetime]:
    written = (
        select(func.min(Message.at))
        .join(TicketConversation, TicketConversation.conversation_id == Message.conversation_id)
        .where(
            TicketConversation.ticket_id == Ticket.id,
            Message.author == "agent",
            Message.at >= Ticket.created_at,
        )
        .scalar_subquery()
    )
    said = (
        select(func.min(TicketEvent.at))
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.actor == "agent", TicketEvent.public)
        .scalar_subquery()
    )
    return func.least(written, said)  # leaves out nulls


async def _median(
    session: AsyncSession, span: ColumnElement[Any], where: ColumnElement[bool]
) -> Duration:
    seconds = extract("epoch", cast(span, Interval))
    row = (
        await session.execute(
            select(func.count(seconds), func.percentile_cont(0.5).within_group(seconds)).where(
                where
            )
        )
    ).one()
    n, median = row
    return Duration(n=n, median_s=None if median is None else round(float(median), 1))
