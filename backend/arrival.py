"""A message arrives: its event is claimed, its contact and its conversation are found, at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, column, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts import service as contacts
from backend.contacts.models import Contact
from backend.conversations import service as conversations
from backend.conversations.models import Conversation
from backend.database import table
from backend.inbox.service import Unread
from bot.messages import InboundMessage


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whose message it is and where; the conversation is locked until the commit."""

    message_id: int  # reserved for it
    contact: Contact
    conversation: Conversation
    has_tickets: bool  # the contact, of any age
    has_surveys: bool  # the conversation, of any age


_contacts, _conversations = table(Contact).c, table(Conversation).c


def _columns(alias: str, columns: Iterable[Column[Any]]) -> str:
    return ", ".join(f"{alias}.{column.name}" for column in columns)


# The event's row is the claim: it is marked done first, so that a second worker with the same event
# waits for the commit and then finds nothing. Each further part looks at `claimed`, so that locks
# are taken in one order.
_ARRIVE = text(
    f"""
    WITH claimed AS (
        UPDATE inbox_events SET state = 'done', handled_at = :now, error = NULL
        WHERE id = :event AND state = 'new'
        RETURNING id
    )
    SELECT nextval('messages_id_seq'),
        person.known = cardinality(CAST(:ids AS varchar[])),
        EXISTS (SELECT FROM tickets WHERE contact_id = person.id),
        EXISTS (SELECT FROM surveys WHERE conversation_id = place.id),
        {_columns("person", _contacts)}, {_columns("place", _conversations)}
    FROM claimed
    LEFT JOIN LATERAL (
        SELECT c.*, count(*) OVER () AS known
        FROM identities i JOIN contacts c ON c.id = i.contact_id
        WHERE claimed.id IS NOT NULL AND i.channel = :channel AND i.channel_account = :account
            AND i.external_id = ANY(CAST(:ids AS varchar[]))
        ORDER BY c.id LIMIT 1
    ) person ON true
    LEFT JOIN LATERAL (
        SELECT v.* FROM conversations v
        WHERE claimed.id IS NOT NULL AND v.channel = :channel AND v.channel_account = :account
            AND v.thread = :thread
        FOR NO KEY UPDATE
    ) place ON true
    """  # noqa: S608  names of our own columns
).columns(
    column("message_id", BigInteger),
    column("known", Boolean),
    column("has_tickets", Boolean),
    column("has_surveys", Boolean),
    *_contacts,
    *_conversations,
)
_FOUND = select(
    column("message_id"),
    column("known"),
    column("has_tickets"),
    column("has_surveys"),
    Contact,
    Conversation,
).from_statement(_ARRIVE)


async def arrive(
    session: AsyncSession, event: Unread, message: InboundMessage, *, now: datetime
) -> Arrival | None:
    """Claim the event and find, or make, whose and where; ``None`` when another worker has it."""
    sender = message.sender
    found = await session.execute(
        _FOUND,
        {
            "event": event.id,
            "channel": message.channel,
            "account": message.account,
            "thread": message.thread,
            "ids": [sender.external_id, *sender.aliases],
            "now": now,
        },
    )
    row = found.one_or_none()
    if row is None:
        return None
    contact, conversation = row.Contact, row.Conversation
    if not row.known:
        contact = await contacts.contact_of(
            session, message.channel, message.account, sender, now=now
        )
    contacts.learn(contact, sender)
    if conversation is None:
        conversation = await conversations.conversation_of(session, message, contact.id, now=now)
    return Arrival(
        message_id=row.message_id,
        contact=contact,
        conversation=conversation,
        # who had to be looked for again may have some
        has_tickets=row.has_tickets or not row.known,
        has_surveys=row.has_surveys,
    )
