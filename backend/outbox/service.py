"""Writing to the outbox: always inside the transaction that decided the effect."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.models import Message
from backend.database import at_commit, jsonb, ring
from backend.outbox.models import OutboxItem
from backend.problems import Conflict, NotFound

BELL = "outbox"
"""The channel on which lanes that have something due are named."""

_ADD = """
    INSERT INTO outbox_items (
        key, lane, order_key, payload, due_at, conversation_id, created_at
    ) VALUES (
        %(key)s, %(lane)s, %(order_key)s, %(payload)s, %(due_at)s, %(conversation_id)s, %(now)s
    ) ON CONFLICT (key) DO NOTHING
"""


def enqueue(
    session: AsyncSession,
    *,
    key: str,
    lane: str,
    order_key: str,
    payload: dict[str, Any],
    now: datetime,
    due_at: datetime | None = None,
    conversation_id: int | None = None,
) -> None:
    """Add one effect, unless ``key`` is there already. Wakes the workers on commit."""
    at_commit(
        session,
        _ADD,
        {
            "key": key,
            "lane": lane,
            "order_key": order_key,
            "payload": jsonb(payload),
            "due_at": due_at or now,
            "conversation_id": conversation_id,
            "now": now,
        },
    )
    ring(session, BELL, lane)


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
