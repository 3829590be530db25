"""Writing to the outbox: always inside the transaction that decided the effect."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.models import Message
from backend.database import ring, table
from backend.outbox.models import OutboxItem
from backend.problems import Conflict, NotFound

BELL = "outbox"
"""The channel on which lanes that have something due are named."""

# built once: building a statement costs as much as running it, and each message runs several
_items = table(OutboxItem)
_ADD = insert(_items).on_conflict_do_nothing(index_elements=["key"]).returning(_items.c.id)


async def enqueue(
    session: AsyncSession,
    *,
    key: str,
    lane: str,
    order_key: str,
    payload: dict[str, Any],
    now: datetime,
    due_at: datetime | None = None,
    conversation_id: int | None = None,
    message_id: int | None = None,
) -> bool:
    """Add one effect; ``False`` when ``key`` is there already. Wakes the workers on commit."""
    added = await session.execute(
        _ADD,
        {
            "key": key,
            "lane": lane,
            "order_key": order_key,
            "payload": payload,
            "due_at": due_at or now,
            "conversation_id": conversation_id,
            "message_id": message_id,
            "created_at": now,
        },
    )
    if added.scalar_one_or_none() is None:
        return False
    ring(session, BELL, lane)
    return True


async def retry(session: AsyncSession, item_id: int, *, now: datetime) -> OutboxItem:
    """Send a failed or uncertain item again because a person said so."""
    item = await session.get(OutboxItem, item_id, with_for_update=True)
    if item is None:
        raise NotFound(f"There is no outbox item {item_id}")
    if item.state not in ("failed", "uncertain"):
        raise Conflict("Only failed or uncertain items can be sent again", state=item.state)
    item.state = "queued"
    item.due_at = now
    item.error = None
    item.code = None
    await session.execute(
        update(Message)
        .where(Message.id == item.message_id)
        .values(delivery="queued", delivery_note=None)
    )
    ring(session, BELL, item.lane)
    return item


async def cancel(session: AsyncSession, *, keys: list[str], reason: str, now: datetime) -> int:
    """Withdraw items that have not left yet; returns how many."""
    result = await session.execute(
        update(OutboxItem)
        .where(OutboxItem.key.in_(keys), OutboxItem.state == "queued")
        .values(state="cancelled", error=reason, finished_at=now)
        .returning(OutboxItem.id)
    )
    return len(result.all())
