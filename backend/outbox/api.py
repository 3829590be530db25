"""``/api/v1/outbox``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api_fields import Id
from backend.outbox import service as outbox
from backend.outbox.models import OutboxAttempt, OutboxItem
from backend.outbox.schemas import AttemptRecord, OutboxDetail, OutboxQuery, OutboxRecord
from backend.paging import Page, fetch_page
from backend.problems import NotFound
from backend.runtime_protocol import runtime_of

router = APIRouter(prefix="/outbox", tags=["outbox"])


@router.get("")
async def list_outbox(
    request: Request, wanted: Annotated[OutboxQuery, Query()]
) -> Page[OutboxRecord]:
    statement = select(OutboxItem)
    for column, value in (
        (OutboxItem.state, wanted.state),
        (OutboxItem.lane, wanted.lane),
        (OutboxItem.conversation_id, wanted.conversation_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    async with runtime_of(request).database.transaction() as session:
        rows, cursor = await fetch_page(session, statement, wanted, id_column=OutboxItem.id)
    items = [OutboxRecord.model_validate(item) for (item,) in rows]
    return Page(items=items, next_cursor=cursor)


@router.get("/{item_id}")
async def read_outbox_item(request: Request, item_id: Id) -> OutboxDetail:
    async with runtime_of(request).database.transaction() as session:
        return await _detail(session, item_id)


@router.post("/{item_id}/retry")
async def retry_outbox_item(request: Request, item_id: Id) -> OutboxDetail:
    """Send a failed or uncertain item again, now."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        await outbox.retry(session, item_id, now=runtime.clock())
        await session.flush()
        return await _detail(session, item_id)


async def _detail(session: AsyncSession, item_id: int) -> OutboxDetail:
    item = await session.get(OutboxItem, item_id)
    if item is None:
        raise NotFound(f"There is no outbox item {item_id}")
    tries = await session.scalars(
        select(OutboxAttempt).where(OutboxAttempt.item_id == item_id).order_by(OutboxAttempt.id)
    )
    return OutboxDetail(
        **dict(OutboxRecord.model_validate(item)),
        tries=[AttemptRecord.model_validate(attempt) for attempt in tries],
    )
