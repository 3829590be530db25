"""Filing a ticket."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.conversations.service import locked_conversation
from backend.database import column_names, jsonb, loaded, together
from backend.gateway import Gateway
from backend.sla.terms import Terms
from backend.tickets.models import Ticket
from backend.tickets.notices import reachable_conversation, tell
from backend.tickets.recording import sync
from bot.dialogue.phrases import local_date
from nlp.understanding import Language

# The counter's row stays locked until the commit, so that numbers have no gaps.
_OPEN = f"""
    WITH counted AS (
        INSERT INTO ticket_counters AS c (year, last) VALUES (%(year)s, 1)
        ON CONFLICT (year) DO UPDATE SET last = c.last + 1
        RETURNING last
    ), ticket AS (
        INSERT INTO tickets (
            number, type, status, title, description, slots, priority, account_id, contact_id,
            conversation_id, channel, due_at, created_at, updated_at
        )
        SELECT 'PT-' || %(year)s::integer || '-' || to_char(last, 'FM000000'), %(type)s, 'nuevo',
            %(title)s, %(description)s, %(slots)s, %(priority)s, %(account)s, %(contact)s,
            %(conversation)s, %(channel)s, %(due_at)s, %(now)s, %(now)s
        FROM counted
        RETURNING *
    ), event AS (
        INSERT INTO ticket_events (ticket_id, kind, actor, agent_id, data, at)
        SELECT id, 'opened', %(actor)s, %(agent)s, '{{"status": "nuevo"}}', %(now)s FROM ticket
        RETURNING id
    ), linked AS (
        INSERT INTO ticket_conversations (ticket_id, conversation_id)
        SELECT id, conversation_id FROM ticket WHERE conversation_id IS NOT NULL
    )
    SELECT event.id, {column_names(Ticket, "ticket")} FROM ticket, event
"""  # noqa: S608  names of our own columns


async def open_ticket(
    session: AsyncSession,
    *,
    type: str,  # noqa: A002  the standard word
    title: str,
    description: str,
    slots: Mapping[str, Any],
    urgency: str,
    contact: Contact,
    conversation: Conversation | None,
    channel: str,
    terms: Terms,
    actor: str = "bot",
    agent_id: int | None = None,
    gateway: Gateway | None = None,
    now: datetime,
) -> Ticket:
    """File a ticket: its number, its due date, its first event, its conversation.

    With a ``gateway`` the client gets the number in writing (Ley 1755/2015 art. 15).
    """
    if session.new:
        await session.flush()  # whose ticket it is may be new itself
    if gateway is not None and conversation is not None:
        # before the counter: a turn takes them in this order too
        await locked_conversation(session, conversation.id)
    values = {
        "year": now.astimezone(ZoneInfo(terms.timezone)).year,
        "type": type,
        "title": title,
        "description": description,
        "slots": jsonb(dict(slots)),
        "priority": urgency,
        "account": contact.account_id,
        "contact": contact.id,
        "conversation": conversation.id if conversation else None,
        "channel": channel,
        "due_at": terms.due(type, now),
        "actor": actor,
        "agent": agent_id,
        "now": now,
    }
    [[(event_id, *columns)]] = await together(session, (_OPEN, values))
    ticket = loaded(session, Ticket, tuple(columns))
    if gateway is not None:
        told_in = await reachable_conversation(session, gateway, ticket)
        due = local_date(ticket.due_at, cast("Language", contact.language)) if ticket.due_at else ""
        phrase = "registered_due" if due else "registered"
        await tell(session, gateway, told_in, ticket, event_id, phrase, due=due, now=now)
    sync(session, ticket, contact, now=now)
    return ticket
