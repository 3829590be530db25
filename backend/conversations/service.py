"""Conversations: who owns them, and what agents do in them."""

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.agents.models import Agent
from backend.conversations.models import Conversation, Message
from backend.conversations.writing import write
from backend.database import column_names, loaded, together
from backend.gateway import Gateway
from backend.outbox import service as outbox
from backend.outbox.models import OutboxItem
from backend.problems import Conflict, Invalid, NotFound
from bot.messages import InboundMessage, OutboundMessage

_KEY = re.compile(r"[A-Za-z0-9-]{1,64}")

_OPEN = f"""
    INSERT INTO conversations AS v (
        channel, channel_account, thread, contact_id, address, subject, last_message_at, created_at
    ) VALUES (
        %(channel)s, %(account)s, %(thread)s, %(contact)s, %(address)s, %(subject)s, %(now)s,
        %(now)s
    ) ON CONFLICT DO NOTHING
    RETURNING {column_names(Conversation, "v")}
"""  # noqa: S608  names of our own columns


async def conversation_of(
    session: AsyncSession, message: InboundMessage, contact_id: int, *, now: datetime
) -> Conversation:
    """The conversation that the message belongs to, made when new, locked until the commit."""
    mine = {
        "channel": message.channel,
        "account": message.account,
        "thread": message.thread,
        "contact": contact_id,
        "address": message.sender.external_id,
        "subject": message.subject,
        "now": now,
    }
    [opened] = await together(session, (_OPEN, mine))
    if opened:
        return loaded(session, Conversation, opened[0])
    found = await session.execute(
        select(Conversation)
        .where(
            Conversation.channel == message.channel,
            Conversation.channel_account == message.account,
            Conversation.thread == message.thread,
        )
        .with_for_update(key_share=True)
    )
    return found.scalar_one()


async def locked_conversation(session: AsyncSession, conversation_id: int) -> Conversation:
    """The conversation, locked until the commit, or :class:`NotFound`."""
    result = await session.execute(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update(key_share=True)
    )
    conversation = result.scalar_one_or_none()
    if conversation is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    return conversation


def wait_for_agent(conversation: Conversation, *, reason: str, urgent: bool, now: datetime) -> None:
    """Put it in the queue; asking again keeps its place."""
    if conversation.waiting_since is None:
        conversation.waiting_since = now
        conversation.waiting_reason = reason
    conversation.urgent = conversation.urgent or urgent


async def claim(
    session: AsyncSession, conversation_id: int, agent_id: int, *, now: datetime
) -> Conversation:
    """Make the agent its owner. Twice by the same agent is once; :class:`Conflict` by another."""
    conversation = await locked_conversation(session, conversation_id)
    if conversation.owner_id == agent_id:
        return conversation
    if conversation.owner_id is not None:
        owner = await session.get_one(Agent, conversation.owner_id)
        raise Conflict(
            f"La conversación ya la tiene {owner.name}",
            owner_id=owner.id,
            owner=owner.name,
            since=conversation.owned_since,
        )
    conversation.owner_id = agent_id
    conversation.owned_since = now
    conversation.waiting_since = None
    conversation.waiting_reason = None
    conversation.urgent = False
    await _silence_bot(session, conversation, now=now)
    return conversation


async def release(session: AsyncSession, conversation_id: int, agent_id: int) -> Conversation:
    """Give it back to the bot; only its owner may."""
    conversation = await locked_conversation(session, conversation_id)
    if conversation.owner_id != agent_id:
        raise Conflict("La conversación no es suya", owner_id=conversation.owner_id)
    conversation.owner_id = None
    conversation.owned_since = None
    conversation.waiting_since = None
    # what the bot had asked before the agent came is no longer what the client answers
    state = dict(conversation.state)
    for forgotten in ("flow", "step", "draft", "memory", "asked", "offered", "misunderstood"):
        state.pop(forgotten, None)
    conversation.state = state
    return conversation


async def answer(
    session: AsyncSession,
    gateway: Gateway,
    conversation_id: int,
    agent_id: int,
    text: str,
    *,
    key: str,
    now: datetime,
) -> list[Message]:
    """Write to the client as a person. Answering an unowned conversation takes it.

    ``key`` (letters, digits, dashes) comes from the page, so that a repeated click writes once.
    Raises :class:`Conflict` when another agent owns it, :class:`Invalid` on empty text.
    """
    text = text.strip()
    if not text:
        raise Invalid("El mensaje está vacío")
    if not _KEY.fullmatch(key):
        raise Invalid("La clave del mensaje no es válida")
    conversation = await claim(session, conversation_id, agent_id, now=now)
    key = f"agent:{agent_id}:{key}"
    if written := await _written(session, key):
        return written
    await write(
        session,
        gateway,
        conversation,
        OutboundMessage(text=text, automatic=False, template="agent", variables={"1": text}),
        key=key,
        author="agent",
        agent_id=agent_id,
        now=now,
    )
    return await _written(session, key)


async def _written(session: AsyncSession, key: str) -> list[Message]:
    found = await session.execute(
        select(Message)
        .join(OutboxItem, OutboxItem.message_id == Message.id)
        .where(OutboxItem.key.startswith(f"{key}:", autoescape=True))
        .order_by(Message.id)
    )
    return list(found.scalars())


async def _silence_bot(session: AsyncSession, conversation: Conversation, *, now: datetime) -> None:
    """Withdraw the bot's replies that have not left yet: a person speaks now."""
    waiting = await session.execute(
        select(OutboxItem.key, Message.id)
        .join(Message, Message.id == OutboxItem.message_id)
        .where(
            OutboxItem.conversation_id == conversation.id,
            OutboxItem.state == "queued",
            Message.author == "bot",
        )
    )
    rows = waiting.all()
    if rows:
        reason = "Un agente tomó la conversación antes de que saliera"
        await outbox.cancel(session, keys=[row.key for row in rows], reason=reason, now=now)
        for row in rows:
            message = await session.get_one(Message, row.id)
            message.delivery = "not_sent"
            message.delivery_note = reason
