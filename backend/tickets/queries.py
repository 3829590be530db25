"""Tickets for reading."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from backend.accounts.models import Account
from backend.agents.models import Agent
from backend.contacts.models import Contact
from backend.paging import fetch_page
from backend.problems import NotFound
from backend.tickets import lifecycle
from backend.tickets.models import Ticket, TicketConversation, TicketEvent
from backend.tickets.schemas import EventRecord, PersonRef, TicketDetail, TicketQuery, TicketSummary
from bot.dialogue.model import TicketStatus

_EVENTS_SHOWN = 1000


async def page_of_tickets(
    session: AsyncSession, wanted: TicketQuery, *, now: datetime
) -> tuple[list[TicketSummary], str | None]:
    """Newest first."""
    statement = _with_names().where(*_filters(wanted, now))
    rows, cursor = await fetch_page(session, statement, wanted, id_column=Ticket.id)
    return [_summary(*row) for row in rows], cursor


async def detail(session: AsyncSession, number: str) -> TicketDetail:
    """The whole ticket, or :class:`NotFound`."""
    found = (await session.execute(_with_names().where(Ticket.number == number))).one_or_none()
    if found is None:
        raise NotFound(f"There is no ticket {number[:40]!r}")
    ticket: Ticket = found[0]
    summary = _summary(*found)
    into = aliased(Ticket)
    merged_into = await session.scalar(select(into.number).where(into.id == ticket.merged_into_id))
    conversations = await session.scalars(
        select(TicketConversation.conversation_id)
        .where(TicketConversation.ticket_id == ticket.id)
        .order_by(TicketConversation.conversation_id)
    )
    events = await session.scalars(
        select(TicketEvent)
        .where(TicketEvent.ticket_id == ticket.id)
        .order_by(TicketEvent.id)
        .limit(_EVENTS_SHOWN)
    )
    final = ticket.merged_into_id is not None
    return TicketDetail(
        **dict(summary),
        description=ticket.description,
        slots=ticket.slots,
        resolution=ticket.resolution,
        resolved_by_id=ticket.resolved_by_id,
        merged_into=merged_into,
        conversations=list(conversations),
        allowed=[] if final else list(lifecycle.allowed(cast("TicketStatus", ticket.status))),
        events=[EventRecord.model_validate(event) for event in events],
    )


def _with_names() -> Select[Ticket, str | None, str, str]:
    return (
        select(Ticket, Contact.name, Account.name, Agent.name)
        .join(Contact, Contact.id == Ticket.contact_id)
        .outerjoin(Account, Account.id == Ticket.account_id)
        .outerjoin(Agent, Agent.id == Ticket.assignee_id)
    )


def _filters(wanted: TicketQuery, now: datetime) -> Sequence[ColumnElement[bool]]:
    linked = select(TicketConversation.ticket_id).where(
        TicketConversation.conversation_id == wanted.conversation_id
    )
    possible: tuple[tuple[object, ColumnElement[bool]], ...] = (
        (wanted.status, Ticket.status.in_(wanted.status)),
        (wanted.type, Ticket.type.in_(wanted.type)),
        (wanted.priority, Ticket.priority.in_(wanted.priority)),
        (wanted.number, Ticket.number == wanted.number),
        (wanted.account_id, Ticket.account_id == wanted.account_id),
        (wanted.contact_id, Ticket.contact_id == wanted.contact_id),
        (wanted.conversation_id, Ticket.id.in_(linked)),
        (wanted.assignee_id, Ticket.assignee_id == wanted.assignee_id),
        (wanted.unassigned, Ticket.assignee_id.is_(None)),
        (wanted.overdue, Ticket.status.in_(lifecycle.OPEN) & (Ticket.due_at < now)),
        # websearch_to_tsquery takes any input: whatever it does not understand are words
        (wanted.q, Ticket.search.op("@@")(func.websearch_to_tsquery("spanish", wanted.q))),
    )
    return [condition for asked, condition in possible if asked]


def _summary(
    ticket: Ticket, contact_name: str | None, account_name: str | None, agent_name: str | None
) -> TicketSummary:
    return TicketSummary(
        number=ticket.number,
        type=ticket.type,
        status=ticket.status,
        title=ticket.title,
        priority=ticket.priority,
        channel=ticket.channel,
        account=_ref(ticket.account_id, account_name),
        contact=PersonRef(id=ticket.contact_id, name=contact_name),
        assignee=_ref(ticket.assignee_id, agent_name),
        conversation_id=ticket.conversation_id,
        cycle=ticket.cycle,
        version=ticket.version,
        due_at=ticket.due_at,
        created_at=ticket.created_at,
        updated_at=ticket.updated_at,
        resolved_at=ticket.resolved_at,
        closed_at=ticket.closed_at,
    )


def _ref(row_id: int | None, name: str | None) -> PersonRef | None:
    return None if row_id is None else PersonRef(id=row_id, name=name)
