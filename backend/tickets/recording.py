"""Adding to a ticket's thread: the one place where its version grows."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.service import crm_order
from backend.contacts.models import Contact
from backend.database import table
from backend.outbox import service as outbox
from backend.tickets.models import Ticket, TicketEvent

_events = table(TicketEvent)
_ADD = insert(_events).returning(_events.c.id)


async def record(
    session: AsyncSession,
    ticket: Ticket,
    kind: str,
    *,
    actor: str,
    now: datetime,
    agent_id: int | None = None,
    public: bool = False,
    text: str = "",
    **data: object,
) -> TicketEvent:
    """Append one event; a ``status`` among its data becomes the ticket's.

    A new ticket is inserted with it. What is given back is a copy of the event, for reading.
    """
    ticket.version += 1
    ticket.updated_at = now
    ticket.status = str(data.get("status", ticket.status))
    await session.flush()
    values = {
        "ticket_id": ticket.id,
        "kind": kind,
        "actor": actor,
        "agent_id": agent_id,
        "public": public,
        "text": text,
        "data": data,
        "at": now,
    }
    return TicketEvent(id=await session.scalar(_ADD, values), **values)


def sync(session: AsyncSession, ticket: Ticket, contact: Contact, *, now: datetime) -> None:
    """Queue the ticket for the CRM as it will stand when that is sent; once per version.

    Nothing of who refused the use of their data (Ley 1581/2012 art. 9).
    """
    if contact.consent == "refused":
        return
    outbox.enqueue(
        session,
        key=f"crm:ticket:{ticket.number}:{ticket.version}",
        lane="crm",
        order_key=crm_order(contact),
        payload={"what": "ticket", "number": ticket.number},
        conversation_id=ticket.conversation_id,
        now=now,
    )
