"""What every change of a ticket begins and ends with: locks, the allowed states, the CRM."""

from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.agents.models import Agent
from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.gateway import Gateway
from backend.problems import Conflict, Invalid, NotFound
from backend.tickets import lifecycle
from backend.tickets.lifecycle import Command
from backend.tickets.models import Ticket, TicketEvent
from backend.tickets.notices import reachable_conversation
from backend.tickets.recording import sync
from bot.dialogue.model import TicketStatus

CLOSE = "close_ticket"  # kind of timer


async def by_number(session: AsyncSession, number: str) -> Ticket:
    """The ticket, or :class:`NotFound`."""
    found = await session.execute(select(Ticket).where(Ticket.number == number))
    ticket = found.scalar_one_or_none()
    if ticket is None:
        raise NotFound(f"There is no ticket {number[:40]!r}")
    return ticket


async def begin(
    session: AsyncSession,
    ticket: Ticket,
    gateway: Gateway | None = None,
    *,
    version: int | None = None,
) -> Conversation | None:
    """Lock what a change touches, in order; returns where the client can be told."""
    conversation = None
    if gateway is not None:
        conversation = await reachable_conversation(session, gateway, ticket)
    await session.refresh(ticket, with_for_update={"key_share": True})
    if version is not None and version != ticket.version:
        raise Conflict(
            f"{ticket.number} has changed since version {version}",
            state=ticket.status,
            version=ticket.version,
        )
    return conversation


def target(ticket: Ticket, command: Command) -> TicketStatus:
    """The state that the command leads to, or :class:`Conflict`."""
    status = None
    if ticket.merged_into_id is None:
        current = cast("TicketStatus", ticket.status)
        status = lifecycle.after(current, command, assigned=ticket.assignee_id is not None)
    if status is None:
        raise not_allowed(ticket, {"start": "started", "wait": "put on hold"}.get(command, command))
    return status


def not_allowed(ticket: Ticket, verb: str) -> Conflict:
    """Says what the ticket is now and what it would allow."""
    merged = ticket.merged_into_id is not None
    return Conflict(
        f"{ticket.number} is {ticket.status}{' (merged)' if merged else ''}: it cannot be {verb}",
        state=ticket.status,
        version=ticket.version,
        allowed=[] if merged else lifecycle.allowed(cast("TicketStatus", ticket.status)),
    )


async def synced(session: AsyncSession, ticket: Ticket, *, now: datetime) -> None:
    """End a change: the CRM is to learn of it."""
    sync(session, ticket, await session.get_one(Contact, ticket.contact_id), now=now)


async def leave_queue(
    session: AsyncSession, ticket: Ticket, conversation: Conversation | None
) -> None:
    """What the client waited for a person about is done, if the wait began with this ticket.

    A turn gives all that it writes one time, so a wait that began with an event has its time.
    """
    if conversation is None or conversation.waiting_since is None:
        return
    began_with_it = await session.scalar(
        select(TicketEvent.id)
        .where(
            TicketEvent.ticket_id == ticket.id,
            TicketEvent.actor != "agent",
            TicketEvent.at == conversation.waiting_since,
        )
        .limit(1)
    )
    if began_with_it is not None:
        conversation.waiting_since = conversation.waiting_reason = None
        conversation.urgent = False


def cycle_key(ticket: Ticket) -> str:
    """Names the present resolution cycle among timers."""
    return f"{ticket.number}:{ticket.cycle}"


async def active_agent(session: AsyncSession, agent_id: int) -> Agent:
    """The agent, or :class:`Invalid` for one who is unknown or gone."""
    agent = await session.get(Agent, agent_id)
    if agent is None or not agent.active:
        raise Invalid(f"There is no active agent {agent_id}")
    return agent
