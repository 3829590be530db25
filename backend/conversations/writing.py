"""Writing to a client: every message becomes rows here and in the outbox, in one transaction."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.conversations.models import Conversation, Message
from backend.database import table
from backend.gateway import Gateway
from backend.outbox import service as outbox
from bot.messages import OutboundMessage

_messages = table(Message)
_ADD = insert(_messages).returning(_messages.c.id)


async def store(session: AsyncSession, **values: object) -> Message:
    """Insert one message; what is given back is a copy of the row, for reading."""
    return Message(id=await session.scalar(_ADD, values), **values)


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
) -> list[Message]:
    """Render for the conversation's channel, store each part and queue it.

    ``key`` is unique per message, so that deciding twice writes once: the outbox key is
    ``{key}:{part number}``. ``author`` is ``bot``, ``agent`` or ``system``. The messages given
    back are copies of the rows, for reading.
    """
    channel = gateway.channel(conversation.channel)
    written = []
    for number, part in enumerate(channel.render(outbound), start=1):
        message = await store(
            session,
            conversation_id=conversation.id,
            author=author,
            agent_id=agent_id,
            kind="text",
            text=part.text,
            choices=[choice.model_dump() for choice in part.choices],
            delivery="queued",
            at=now,
            stored_at=now,
        )
        await outbox.enqueue(
            session,
            key=f"{key}:{number}",
            lane=conversation.channel,
            order_key=f"conversation:{conversation.id}",
            payload=part.model_dump(mode="json", exclude_defaults=True),
            now=now,
            conversation_id=conversation.id,
            message_id=message.id,
        )
        written.append(message)
    if written:
        conversation.last_message_at = now
        conversation.last_message_text = written[-1].text[:200]
    return written
