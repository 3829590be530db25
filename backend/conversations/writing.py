"""Writing to a client: every message becomes rows here and in the outbox, in one transaction."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.models import Conversation
from backend.database import at_commit, jsonb, ring
from backend.gateway import Gateway
from backend.outbox.service import BELL
from bot.messages import OutboundMessage

# a message that is queued already is not stored a second time
_WRITE = """
    WITH written AS (
        INSERT INTO messages (
            conversation_id, author, agent_id, kind, text, choices, delivery, at, stored_at
        )
        SELECT %(conversation_id)s, %(author)s, %(agent_id)s::bigint, 'text', %(text)s,
            %(choices)s, 'queued', %(now)s, %(now)s
        WHERE NOT EXISTS (SELECT FROM outbox_items WHERE key = %(key)s)
        RETURNING id
    )
    INSERT INTO outbox_items (
        key, lane, order_key, payload, due_at, conversation_id, message_id, created_at
    )
    SELECT %(key)s, %(lane)s, 'conversation:' || %(conversation_id)s, %(payload)s, %(now)s,
        %(conversation_id)s, id, %(now)s
    FROM written
    RETURNING message_id
"""


def reply(
    session: AsyncSession,
    gateway: Gateway,
    conversation: Conversation,
    outbound: OutboundMessage,
    *,
    key: str,
    now: datetime,
) -> list[str]:
    """What the bot answers within a turn: as :func:`write`, at the commit. Returns the texts."""
    parts = list(_parts(session, gateway, conversation, outbound, key=key, author="bot", now=now))
    for values in parts:
        at_commit(session, _WRITE, values)
    return [values["text"] for values in parts]


async def write(
    session: AsyncSession,
    gateway: Gateway,
    conversation: Conversation,
    outbound: OutboundMessage,
    *,
    key: str,
    author: str,
    now: datetime,
    agent_id: int | None = None,
) -> list[int]:
    """Render for the conversation's channel, store each part and queue it; the messages' ids.

    ``key`` is unique per message, so that deciding twice writes once: the outbox key is
    ``{key}:{part number}``. ``author`` is ``bot``, ``agent`` or ``system``.
    """
    connection = await session.connection()
    written = []
    for values in _parts(
        session, gateway, conversation, outbound, key=key, author=author, now=now, agent_id=agent_id
    ):
        row = (await connection.exec_driver_sql(_WRITE, values)).first()
        if row is not None:
            written.append(int(row[0]))
    return written


def _parts(
    session: AsyncSession,
    gateway: Gateway,
    conversation: Conversation,
    outbound: OutboundMessage,
    *,
    key: str,
    author: str,
    now: datetime,
    agent_id: int | None = None,
) -> Iterator[dict[str, Any]]:
    channel = gateway.channel(conversation.channel)
    for number, part in enumerate(channel.render(outbound), start=1):
        conversation.last_message_at = now
        conversation.last_message_text = part.text[:200]
        ring(session, BELL, conversation.channel)
        yield {
            "key": f"{key}:{number}",
            "lane": conversation.channel,
            "conversation_id": conversation.id,
            "author": author,
            "agent_id": agent_id,
            "text": part.text,
            "choices": jsonb([choice.model_dump() for choice in part.choices]),
            "payload": jsonb(part.model_dump(mode="json", exclude_defaults=True)),
            "now": now,
        }
