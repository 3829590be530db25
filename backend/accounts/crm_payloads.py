"""What the CRM is told, built from the rows at the moment of sending."""

from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models import Account, Interaction
from backend.contacts.models import Contact
from backend.tickets.models import Ticket
from integrations import crm


async def load(
    session: AsyncSession, payload: dict[str, Any]
) -> crm.Interaction | crm.TicketSnapshot:
    """The value of a ``crm`` outbox item: ``{"what": "interaction", "id"}`` as it was logged, or
    ``{"what": "ticket", "number"}`` as it stands now.
    """
    if payload["what"] == "interaction":
        return await _interaction(session, int(payload["id"]))
    if payload["what"] == "ticket":
        return await _ticket(session, str(payload["number"]))
    raise ValueError(f"the CRM knows no {payload['what']!r}")


async def _interaction(session: AsyncSession, interaction_id: int) -> crm.Interaction:
    row = await session.get_one(Interaction, interaction_id)
    number = await session.scalar(select(Ticket.number).where(Ticket.id == row.ticket_id))
    return crm.Interaction(
        key=row.key,
        person=await _person(session, row.contact_id),
        channel=row.channel,
        direction=cast("Any", row.direction),
        subject=row.subject,
        description=row.description,
        occurred_at=row.at,
        conversation_id=str(row.conversation_id),
        ticket_number=number,
    )


async def _ticket(session: AsyncSession, number: str) -> crm.TicketSnapshot:
    ticket = (await session.execute(select(Ticket).where(Ticket.number == number))).scalar_one()
    return crm.TicketSnapshot(
        number=ticket.number,
        version=ticket.version,
        person=await _person(session, ticket.contact_id),
        type=ticket.type,
        title=ticket.title,
        description=ticket.description,
        status=ticket.status,
        priority=ticket.priority,
        channel=ticket.channel,
        created_at=ticket.created_at,
        resolved_at=ticket.resolved_at,
        resolution=ticket.resolution,
    )


async def _person(session: AsyncSession, contact_id: int) -> crm.Person:
    contact = await session.get_one(Contact, contact_id)
    account = (
        await session.get_one(Account, contact.account_id)
        if contact.account_id is not None
        else None
    )
    return crm.Person(
        external_id=str(contact.id),
        name=contact.name,
        email=contact.email,
        phone=contact.phone,
        account_name=account.name if account else None,
        account_nit=account.nit if account else None,
    )
