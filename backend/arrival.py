"""A message arrives: its event is claimed, its contact and its conversation are found, at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts import service as contacts
from backend.contacts.models import Contact
from backend.conversations import service as conversations
from backend.conversations.models import Conversation
from backend.database import column_names, loaded, table, together
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


# The event's row is the claim: it is marked done first, so that a second worker with the same event
# waits for the commit and then finds nothing. Each further part looks at `claimed`, so that locks
# are taken in one order.
_ARRIVE = f"""
    WITH claimed AS (
        UPDATE inbox_events SET state = 'done', handled_at = %(now)s, error = NULL
        WHERE id = %(event)s AND state = 'new'
        RETURNING id
    )
    SELECT nextval('messages_id_seq'),
        person.known = cardinality(%(ids)s::varchar[]),
        EXISTS (SELECT FROM tickets WHERE contact_id = person.id),
        EXISTS (SELECT FROM surveys WHERE conversation_id = place.id),
        {column_names(Contact, "person")}, {column_names(Conversation, "place")}
    FROM claimed
    LEFT JOIN LATERAL (
        SELECT c.*, count(*) OVER () AS known
        FROM identities i JOIN contacts c ON c.id = i.contact_id
        WHERE claimed.id IS NOT NULL AND i.channel = %(channel)s
            AND i.channel_account = %(account)s AND i.external_id = ANY(%(ids)s::varchar[])
        ORDER BY c.id LIMIT 1
    ) person ON true
    LEFT JOIN LATERAL (
        SELECT v.* FROM conversations v
        WHERE claimed.id IS NOT NULL AND v.channel = %(channel)s
            AND v.channel_account = %(account)s AND v.thread = %(thread)s
        FOR NO KEY UPDATE
    ) place ON true
"""  # noqa: S608  names of our own columns
# All statements of a turn look single rows up: planning each anew cost more than running it.
_PLANS_KEPT = "SET LOCAL plan_cache_mode = force_generic_plan"
_CONTACT = len(table(Contact).columns)


async def arrive(
    session: AsyncSession, event: Unread, message: InboundMessage, *, now: datetime
) -> Arrival | None:
    """Claim the event and find, or make, whose and where; ``None`` when another worker has it."""
    sender = message.sender
    what = {
        "event": event.id,
        "channel": message.channel,
        "account": message.account,
        "thread": message.thread,
        "ids": [sender.external_id, *sender.aliases],
        "now": now,
    }
    _, rows = await together(session, (_PLANS_KEPT, {}), (_ARRIVE, what))
    if not rows:
        return None
    message_id, known, has_tickets, has_surveys, *columns = rows[0]
    person, place = tuple(columns[:_CONTACT]), tuple(columns[_CONTACT:])
    if known:
        contact = loaded(session, Contact, person)
        contacts.learn(contact, sender)
    else:
        contact = await contacts.contact_of(
            session, message.channel, message.account, sender, now=now
        )
        has_tickets = contact.created_at < now  # else it was made just now
    conversation = (
        loaded(session, Conversation, place)
        if place[0] is not None
        else await conversations.conversation_of(session, message, contact.id, now=now)
    )
    return Arrival(message_id, contact, conversation, has_tickets, has_surveys)
