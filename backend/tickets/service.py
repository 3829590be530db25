"""What can be done with a ticket. Every change is an event, and the state is theirs.

Each function locks the ticket and looks at it anew. ``version`` is the one that the caller has
seen: where it is given and stale, :class:`Conflict`. With a ``gateway`` the client is told; the
dialogue, which answers by itself, gives none. Rows are locked in one order everywhere:
conversation, ticket, survey.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.models import Conversation
from backend.database import table
from backend.gateway import Gateway
from backend.problems import Invalid
from backend.surveys import service as surveys
from backend.tickets import lifecycle
from backend.tickets.changing import (
    CLOSE,
    active_agent,
    begin,
    by_number,
    cycle_key,
    leave_queue,
    not_allowed,
    synced,
    target,
)
from backend.tickets.editing import add_note, merge, patch
from backend.tickets.lifecycle import Command
from backend.tickets.models import Ticket, TicketConversation, TicketEvent
from backend.tickets.notices import tell
from backend.tickets.opening import open_ticket
from backend.tickets.recording import record
from backend.timers.service import cancel_timer, set_timer

__all__ = [
    "CLOSE",
    "active_agent",
    "add_information",
    "add_note",
    "assign",
    "by_number",
    "close",
    "close_due",
    "escalate",
    "link",
    "merge",
    "open_ticket",
    "patch",
    "reopen",
    "resolve",
    "set_status",
]


_LINK = insert(table(TicketConversation)).on_conflict_do_nothing()


async def link(session: AsyncSession, ticket: Ticket, conversation: Conversation) -> None:
    """Note that the ticket is talked about in this conversation."""
    await session.execute(_LINK, {"ticket_id": ticket.id, "conversation_id": conversation.id})


async def add_information(
    session: AsyncSession,
    ticket: Ticket,
    text: str,
    *,
    actor: str,
    agent_id: int | None = None,
    now: datetime,
) -> Ticket:
    """Add what the client tells; one that waited for the client goes on. Returns the ticket that
    took it: where this one was merged into another, that other one.
    """
    await begin(session, ticket)
    if ticket.merged_into_id is not None:
        ticket = await session.get_one(Ticket, ticket.merged_into_id)
        return await add_information(session, ticket, text, actor=actor, agent_id=agent_id, now=now)
    kind = "client_added" if actor == "client" else "note"
    goes_on = actor == "client" and ticket.status == "en_espera_del_cliente"
    status: dict[str, Any] = {"status": "en_curso"} if goes_on else {}
    await record(
        session, ticket, kind, actor=actor, agent_id=agent_id, text=text, now=now, **status
    )
    await synced(session, ticket, now=now)
    return ticket


async def assign(
    session: AsyncSession,
    ticket: Ticket,
    *,
    assignee_id: int | None,
    agent_id: int | None,
    gateway: Gateway,
    now: datetime,
    version: int | None = None,
) -> None:
    """Put somebody in charge, or nobody. The client is told the first time only."""
    conversation = await begin(session, ticket, gateway, version=version)
    if ticket.status not in lifecycle.OPEN:
        raise not_allowed(ticket, "assigned")
    if ticket.assignee_id == assignee_id:
        return
    assignee = await active_agent(session, assignee_id) if assignee_id is not None else None
    first_time = assignee is not None and not await _has_event(session, ticket, "assigned")
    ticket.assignee_id = assignee_id
    event = await record(
        session,
        ticket,
        "assigned" if assignee else "unassigned",
        actor="agent",
        agent_id=agent_id,
        public=assignee is not None,
        text=f"{assignee.name} está a cargo" if assignee else "",
        now=now,
        assignee_id=assignee_id,
    )
    if assignee is not None and first_time:
        await tell(
            session,
            gateway,
            conversation,
            ticket,
            event.id,
            "assigned",
            agent=assignee.name,
            now=now,
        )
    await synced(session, ticket, now=now)


async def set_status(
    session: AsyncSession,
    ticket: Ticket,
    status: str,
    *,
    note: str = "",
    agent_id: int | None,
    gateway: Gateway,
    now: datetime,
    version: int | None = None,
) -> None:
    """``en_curso``, or ``en_espera_del_cliente`` with ``note``, the question to the client.

    That work begins is told unless the client knows already who is in charge.
    """
    commands: dict[str, Command] = {"en_curso": "start", "en_espera_del_cliente": "wait"}
    if status not in commands:
        raise Invalid(f"A ticket is set to {' or '.join(commands)}; other states have commands")
    if status == "en_espera_del_cliente" and not note.strip():
        raise Invalid("To wait for the client, say what is needed in `note`")
    conversation = await begin(session, ticket, gateway, version=version)
    known = ticket.status != "nuevo" or ticket.assignee_id is not None
    event = await record(
        session,
        ticket,
        "status",
        actor="agent",
        agent_id=agent_id,
        public=True,
        text=note,
        now=now,
        status=target(ticket, commands[status]),
    )
    if status == "en_espera_del_cliente":
        await tell(session, gateway, conversation, ticket, event.id, "waiting", note=note, now=now)
    elif note.strip():
        await tell(session, gateway, conversation, ticket, event.id, "news", note=note, now=now)
    elif not known:
        await tell(session, gateway, conversation, ticket, event.id, "in_progress", now=now)
    await synced(session, ticket, now=now)


async def resolve(
    session: AsyncSession,
    ticket: Ticket,
    *,
    reason: str,
    agent_id: int | None,
    gateway: Gateway,
    now: datetime,
    survey_delay: timedelta,
    close_after: timedelta,
    version: int | None = None,
) -> None:
    """Say how it was solved; in the same transaction the survey and the closing are planned."""
    conversation = await begin(session, ticket, gateway, version=version)
    if not reason.strip():
        raise Invalid("Say how it was solved: the client reads it")
    status = target(ticket, "resolve")
    ticket.resolved_at, ticket.resolution, ticket.resolved_by_id = now, reason, agent_id
    event = await record(
        session,
        ticket,
        "resolved",
        actor="agent",
        agent_id=agent_id,
        public=True,
        text=reason,
        now=now,
        status=status,
    )
    key = cycle_key(ticket)
    payload = {"number": ticket.number, "cycle": ticket.cycle}
    await set_timer(session, CLOSE, key, now + close_after, payload)
    await tell(session, gateway, conversation, ticket, event.id, "resolved", note=reason, now=now)
    await leave_queue(session, ticket, conversation)
    if conversation is not None:
        await surveys.plan(
            session, ticket, conversation, agent_id=agent_id, due_at=now + survey_delay, now=now
        )
    await synced(session, ticket, now=now)


async def reopen(
    session: AsyncSession,
    ticket: Ticket,
    *,
    reason: str,
    actor: str,
    agent_id: int | None = None,
    gateway: Gateway | None = None,
    now: datetime,
    version: int | None = None,
) -> None:
    """Take up a resolved or closed ticket again: a new cycle, and no survey of the old one."""
    conversation = await begin(session, ticket, gateway, version=version)
    status = target(ticket, "reopen")
    await surveys.cancel(session, ticket, reason="el caso se reabrió", now=now)
    await cancel_timer(session, CLOSE, cycle_key(ticket))
    ticket.cycle += 1
    ticket.resolved_at = ticket.closed_at = ticket.resolution = ticket.resolved_by_id = None
    event = await record(
        session,
        ticket,
        "reopened",
        actor=actor,
        agent_id=agent_id,
        public=actor != "client",
        text=reason,
        now=now,
        status=status,
        cycle=ticket.cycle,
    )
    if gateway is not None:
        await tell(session, gateway, conversation, ticket, event.id, "reopened", now=now)
    await synced(session, ticket, now=now)


async def close(
    session: AsyncSession,
    ticket: Ticket,
    *,
    reason: str,
    actor: str,
    agent_id: int | None = None,
    gateway: Gateway | None = None,
    now: datetime,
    version: int | None = None,
) -> None:
    """End it. The survey of a resolution goes on; the client is told of what was never solved."""
    conversation = await begin(session, ticket, gateway, version=version)
    unsolved = ticket.status != "resuelto"
    status = target(ticket, "close")
    ticket.closed_at = now
    await cancel_timer(session, CLOSE, cycle_key(ticket))
    event = await record(
        session, ticket, "closed", actor=actor, agent_id=agent_id, text=reason, now=now,
        status=status,
    )  # fmt: skip
    if gateway is not None and unsolved:
        await tell(session, gateway, conversation, ticket, event.id, "closed", now=now)
    await leave_queue(session, ticket, conversation)
    await synced(session, ticket, now=now)


async def close_due(session: AsyncSession, number: str, cycle: int, now: datetime) -> None:
    """Close by itself what stayed resolved. Fired by its timer."""
    ticket = await by_number(session, number)
    await begin(session, ticket)
    if ticket.status == "resuelto" and ticket.cycle == cycle:
        await close(session, ticket, reason="Sin novedad tras la solución", actor="system", now=now)


async def escalate(
    session: AsyncSession,
    ticket: Ticket,
    *,
    reason: str,
    actor: str,
    agent_id: int | None = None,
    now: datetime,
    version: int | None = None,
) -> None:
    """Raise its priority by a step, to ``alta`` at least."""
    await begin(session, ticket, version=version)
    if ticket.status not in lifecycle.OPEN:
        raise not_allowed(ticket, "escalated")
    before, ticket.priority = ticket.priority, lifecycle.escalated(ticket.priority)
    await record(
        session, ticket, "escalated", actor=actor, agent_id=agent_id, text=reason, now=now,
        priority={"from": before, "to": ticket.priority},
    )  # fmt: skip
    await synced(session, ticket, now=now)


async def _has_event(session: AsyncSession, ticket: Ticket, kind: str) -> bool:
    found = await session.scalar(
        select(TicketEvent.id)
        .where(TicketEvent.ticket_id == ticket.id, TicketEvent.kind == kind)
        .limit(1)
    )
    return found is not None
