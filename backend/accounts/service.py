"""The log of what passes between us and a client, and its way to the CRM."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models import Interaction
from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.database import table
from backend.outbox import service as outbox

_interactions = table(Interaction)
_ADD = (
    insert(_interactions)
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(_interactions.c.id)
)


def crm_order(contact: Contact) -> str:
    """What reaches the CRM one after the other: everything of an account, or of a lone contact."""
    if contact.account_id is None:
        return f"contact:{contact.id}"
    return f"account:{contact.account_id}"


async def record_interaction(
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
    added = await session.execute(
        _ADD,
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
            "at": now,
        },
    )
    interaction_id = added.scalar_one_or_none()
    if interaction_id is None:
        return
    await outbox.enqueue(
        session,
        key=f"crm:interaction:{interaction_id}",
        lane="crm",
        order_key=crm_order(contact),
        payload={"what": "interaction", "id": interaction_id},
        conversation_id=conversation.id,
        now=now,
    )
