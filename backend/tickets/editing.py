"""Corrections, notes and merges: what changes a ticket without moving it on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.gateway import Gateway
from backend.problems import Invalid
from backend.sla.terms import Terms
from backend.surveys import service as surveys
from backend.tickets import lifecycle
from backend.tickets.changing import CLOSE, begin, cycle_key, not_allowed, synced
from backend.tickets.models import Ticket, TicketConversation
from backend.tickets.notices import reachable_conversation, tell
from backend.tickets.recording import record
from backend.timers.service import cancel_timer


async def add_note(
    session: AsyncSession,
    ticket: Ticket,
    text: str,
    *,
    public: bool,
    agent_id: int | None,
    gateway: Gateway,
    now: datetime,
    version: int | None = None,
) -> None:
    """An agent's note, for colleagues or, ``public``, as news to the client."""
    conversation = await begin(session, ticket, gateway if public else None, version=version)
    event = await record(
        session, ticket, "note", actor="agent", agent_id=agent_id, public=public, text=text, now=now
    )
    if public:
        await tell(session, gateway, conversation, ticket, event.id, "news", note=text, now=now)
    await synced(session, ticket, now=now)


async def merge(
    session: AsyncSession,
    ticket: Ticket,
    into: Ticket,
    *,
    agent_id: int | None,
    gateway: Gateway,
    now: datetime,
    version: int | None = None,
) -> None:
    """Close ``ticket`` as a part of ``into``, of the same client. Nothing is lost: its words and
    its conversations go along, and each names the other. The client is told once.
    """
    conversation = await reachable_conversation(session, gateway, ticket)
    for one in sorted((ticket, into), key=lambda t: t.id):  # any two merges lock in one order
        await begin(session, one, version=version if one is ticket else None)
    if ticket.id == into.id or ticket.contact_id != into.contact_id:
        raise Invalid("Only two tickets of the same client can be merged")
    if into.status not in lifecycle.OPEN:
        raise not_allowed(into, "merged into")
    if ticket.status not in lifecycle.OPEN | {"resuelto"}:
        raise not_allowed(ticket, "merged")
    await surveys.cancel(session, ticket, reason="el caso se unió a otro", now=now)
    await cancel_timer(session, CLOSE, cycle_key(ticket))
    ticket.merged_into_id, ticket.closed_at = into.id, now
    event = await record(
        session, ticket, "merged", actor="agent", agent_id=agent_id, now=now,
        status="cerrado", into=into.number,
    )  # fmt: skip
    await record(
        session, into, "absorbed", actor="agent", agent_id=agent_id, now=now,
        text=f"{ticket.title}\n\n{ticket.description}", number=ticket.number,
    )  # fmt: skip
    spoken_of = select(literal(into.id), TicketConversation.conversation_id).where(
        TicketConversation.ticket_id == ticket.id
    )
    await session.execute(
        insert(TicketConversation)
        .from_select(["ticket_id", "conversation_id"], spoken_of)
        .on_conflict_do_nothing()
    )
    target = into.number
    await tell(session, gateway, conversation, ticket, event.id, "merged", target=target, now=now)
    for one in (ticket, into):
        await synced(session, one, now=now)


async def patch(
    session: AsyncSession,
    ticket: Ticket,
    changes: Mapping[str, Any],
    *,
    agent_id: int | None,
    terms: Terms,
    now: datetime,
    version: int | None = None,
) -> None:
    """Correct title, description, type, priority or slots; a new type has its own term."""
    await begin(session, ticket, version=version)
    if ticket.merged_into_id is not None:
        raise not_allowed(ticket, "changed")
    before = {name: getattr(ticket, name) for name in changes}
    changed = {name: [before[name], new] for name, new in changes.items() if new != before[name]}
    if not changed:
        return
    for name in changed:
        setattr(ticket, name, changes[name])
    if "type" in changed:
        ticket.due_at = terms.due(ticket.type, ticket.created_at)
    await record(
        session, ticket, "edited", actor="agent", agent_id=agent_id, now=now, changes=changed
    )
    await synced(session, ticket, now=now)
