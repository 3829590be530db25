"""``/api/v1/contacts``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models import Account
from backend.api_fields import Id
from backend.contacts.models import Contact, Identity
from backend.contacts.schemas import (
    ContactDetail,
    ContactPatch,
    ContactQuery,
    ContactRecord,
    IdentityRecord,
)
from backend.paging import Page, fetch_page
from backend.problems import Invalid, NotFound
from backend.runtime_protocol import runtime_of

router = APIRouter(prefix="/contacts", tags=["contacts"])


@router.get("")
async def list_contacts(
    request: Request, wanted: Annotated[ContactQuery, Query()]
) -> Page[ContactRecord]:
    statement = select(Contact)
    if wanted.account_id is not None:
        statement = statement.where(Contact.account_id == wanted.account_id)
    if wanted.q:
        named = (Contact.name, Contact.email, Contact.phone)
        statement = statement.where(
            or_(*(column.icontains(wanted.q, autoescape=True) for column in named))
        )
    async with runtime_of(request).database.transaction() as session:
        rows, cursor = await fetch_page(session, statement, wanted, id_column=Contact.id)
    items = [ContactRecord.model_validate(contact) for (contact,) in rows]
    return Page(items=items, next_cursor=cursor)


@router.get("/{contact_id}")
async def read_contact(request: Request, contact_id: Id) -> ContactDetail:
    async with runtime_of(request).database.transaction() as session:
        return await _detail(session, contact_id)


@router.patch("/{contact_id}")
async def patch_contact(request: Request, contact_id: Id, patch: ContactPatch) -> ContactDetail:
    """Correct a person's attributes or say whom they work for."""
    async with runtime_of(request).database.transaction() as session:
        contact = await session.get(Contact, contact_id, with_for_update={"key_share": True})
        if contact is None:
            raise NotFound(f"There is no contact {contact_id}")
        if patch.account_id is not None and not await session.get(Account, patch.account_id):
            raise Invalid(f"There is no account {patch.account_id}")
        changes = patch.model_dump(exclude_unset=True)
        if changes.get("language", "") is None:
            raise Invalid("A contact has a language")
        for name, value in changes.items():
            setattr(contact, name, value)
        await session.flush()
        return await _detail(session, contact_id)


async def _detail(session: AsyncSession, contact_id: int) -> ContactDetail:
    contact = await session.get(Contact, contact_id)
    if contact is None:
        raise NotFound(f"There is no contact {contact_id}")
    identities = await session.scalars(
        select(Identity).where(Identity.contact_id == contact_id).order_by(Identity.id)
    )
    return ContactDetail(
        **dict(ContactRecord.model_validate(contact)),
        identities=[IdentityRecord.model_validate(identity) for identity in identities],
    )
