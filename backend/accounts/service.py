"""The log of what passes between us and a client, and its way to the CRM."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.database import at_commit, ring
from backend.outbox.service import BELL

_LOG = """
    WITH logged AS (
        INSERT INTO interactions (
            key, account_id, contact_id, conversation_id, ticket_id, channel, direction, subject,
            description, at
        ) VALUES (
            %(key)s, %(account_id)s, %(contact_id)s, %(conversation_id)s, %(ticket_id)s,
            %(channel)s, %(direction)s, %(subject)s, %(description)s, %(now)s
        ) ON CONFLICT (key) DO NOTHING
        RETURNING id
    )
    INSERT INTO outbox_items (
        key, lane, order_key, payload, due_at, conversation_id, created_at
    )
    SELECT 'crm:interaction:' || id, 'crm', %(order_key)s,
        jsonb_build_object('what', 'interaction', 'id', id), %(now)s, %(conversation_id)s, %(now)s
    FROM logged
    ON CONFLICT (key) DO NOTHING
"""


def crm_order(contact: Contact) -> str:
    """What reaches the CRM one after the other: everything of an account, or of a lone contact."""
    if contact.account_id is None:
        return f"contact:{contact.id}"
    return f"account:{contact.account_id}"


def record_interaction(
    session: AsyncSession,
    *,
    key: str,
    conversation: Conversation,
    contact: Contact,
    ticket_id: int | None,
    direction: str,
    subject: str,
    description: str,
    now: datetime,
) -> None:
    """Log one exchange, once per ``key``, and queue it for the CRM."""
    at_commit(
        session,
        _LOG,
        {
            "key": key,
            "account_id": contact.account_id,
            "contact_id": contact.id,
            "conversation_id": conversation.id,
            "ticket_id": ticket_id,
            "channel": conversation.channel,
            "direction": direction,
            "subject": subject,
            "description": description,
            "order_key": crm_order(contact),
            "now": now,
        },
    )
    ring(session, BELL, "crm")
