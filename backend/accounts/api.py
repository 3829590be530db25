"""``/api/v1/accounts``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from backend.accounts.models import Account, Interaction
from backend.accounts.schemas import (
    AccountPatch,
    AccountQuery,
    AccountRecord,
    NewAccount,
    TimelineEntry,
)
from backend.api_fields import Id
from backend.paging import Page, PageQuery, fetch_page
from backend.problems import Conflict, Invalid, NotFound
from backend.runtime_protocol import runtime_of
from backend.tickets.models import Ticket

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("")
async def list_accounts(
    request: Request, wanted: Annotated[AccountQuery, Query()]
) -> Page[AccountRecord]:
    statement = select(Account)
    if wanted.q:
        named = (Account.name, Account.nit)
        statement = statement.where(
            or_(*(column.icontains(wanted.q, autoescape=True) for column in named))
        )
    async with runtime_of(request).database.transaction() as session:
        rows, cursor = await fetch_page(session, statement, wanted, id_column=Account.id)
    items = [AccountRecord.model_validate(account) for (account,) in rows]
    return Page(items=items, next_cursor=cursor)


@router.post("", status_code=201)
async def create_account(request: Request, new: NewAccount) -> AccountRecord:
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        account = Account(**new.model_dump(), created_at=runtime.clock())
        session.add(account)
        await _flush(session)
        return AccountRecord.model_validate(account)


@router.get("/{account_id}")
async def read_account(request: Request, account_id: Id) -> AccountRecord:
    async with runtime_of(request).database.transaction() as session:
        return AccountRecord.model_validate(await _account(session, account_id))


@router.patch("/{account_id}")
async def patch_account(request: Request, account_id: Id, patch: AccountPatch) -> AccountRecord:
    changes = patch.model_dump(exclude_unset=True)
    lists = ("services", "projects", "contracts")
    if any(changes.get(name, "") is None for name in ("name", *lists)):
        raise Invalid("An account has a name and lists of services, projects and contracts")
    async with runtime_of(request).database.transaction() as session:
        account = await _account(session, account_id)
        for name, value in changes.items():
            setattr(account, name, value)
        await _flush(session)
        return AccountRecord.model_validate(account)


@router.get("/{account_id}/timeline")
async def read_timeline(
    request: Request, account_id: Id, wanted: Annotated[PageQuery, Query()]
) -> Page[TimelineEntry]:
    """Everything that passed between us and the account's people, newest first."""
    statement = (
        select(Interaction, Ticket.number)
        .outerjoin(Ticket, Ticket.id == Interaction.ticket_id)
        .where(Interaction.account_id == account_id)
    )
    async with runtime_of(request).database.transaction() as session:
        await _account(session, account_id)
        rows, cursor = await fetch_page(
            session, statement, wanted, id_column=Interaction.id, at_column=Interaction.at
        )
    return Page(items=[_entry(*row) for row in rows], next_cursor=cursor)


def _entry(row: Interaction, number: str | None) -> TimelineEntry:
    return TimelineEntry(
        id=row.id,
        at=row.at,
        contact_id=row.contact_id,
        conversation_id=row.conversation_id,
        ticket_number=number,
        channel=row.channel,
        direction=row.direction,
        subject=row.subject,
        description=row.description,
        crm_reference=row.crm_reference,
    )


async def _account(session: AsyncSession, account_id: int) -> Account:
    account = await session.get(Account, account_id)
    if account is None:
        raise NotFound(f"There is no account {account_id}")
    return account


async def _flush(session: AsyncSession) -> None:
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict("Another account has that name or NIT") from None
