"""A visitor's view of their own conversation."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.agents.models import Agent
from backend.attachments.models import StoredAttachment
from backend.attachments.service import INLINE_TYPES, display_name
from backend.chat.schemas import ChatEntry, ChatFile, ChatView
from backend.conversations.models import Conversation, Message
from backend.inbox.models import InboxEvent, InboxThread
from bot.channels import webchat
from bot.messages import Attachment, InboundMessage

PAGE = 100
# Ids are given before their transaction commits, and a reply is shown only once it left: what is
# this recent is sent again, and pages sort by id.
_OVERLAP = timedelta(minutes=10)
_ANSWER_TAKES = timedelta(seconds=30)
_SHOWN = ("sent", "delivered", "read")


async def view(
    session: AsyncSession, thread: str, *, now: datetime, after: int | None = None
) -> ChatView:
    """What is new after message ``after``, or the last :data:`PAGE` messages; oldest first.

    Some already known ones come along; they are the same by ``id`` or ``client_id``.
    """
    conversation = await _conversation(session, thread)
    pending = await _pending(session, thread)
    typing = any(e.attempts == 0 and e.received_at > now - _ANSWER_TAKES for e in pending)
    entries = [_waiting(event) for event in pending]
    if conversation is None:
        return ChatView(messages=entries, typing=typing, agent=None)
    handled = await _handled(session, conversation.id, now=now, after=after)
    owner = await session.get(Agent, conversation.owner_id) if conversation.owner_id else None
    return ChatView(
        messages=handled + entries,
        typing=typing and owner is None,
        agent=_first_name(owner.name) if owner else None,
    )


async def file_of(
    session: AsyncSession, thread: str, attachment_id: int
) -> StoredAttachment | None:
    """The attachment, if it belongs to this visitor's conversation."""
    found = await session.execute(
        select(StoredAttachment)
        .join(Message, Message.id == StoredAttachment.message_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(StoredAttachment.id == attachment_id, *_of(Conversation, thread))
    )
    return found.scalar_one_or_none()


async def unread(session: AsyncSession, thread: str, up_to: int) -> Sequence[str]:
    """Provider ids of our messages up to that one which count as not read yet."""
    found = await session.execute(
        select(Message.provider_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            *_of(Conversation, thread),
            Message.id <= up_to,
            Message.author != "client",
            Message.delivery.in_(("sent", "delivered")),
            Message.provider_id.is_not(None),
        )
        .order_by(Message.id.desc())
        .limit(PAGE)
    )
    return [provider_id for provider_id in found.scalars() if provider_id]


def _of(table: type[Conversation] | type[InboxThread], thread: str) -> tuple[Any, ...]:
    return (
        table.channel == webchat.NAME,
        table.channel_account == webchat.ACCOUNT,
        table.thread == thread,
    )


async def _conversation(session: AsyncSession, thread: str) -> Conversation | None:
    found = await session.execute(select(Conversation).where(*_of(Conversation, thread)))
    return found.scalar_one_or_none()


async def _pending(session: AsyncSession, thread: str) -> Sequence[InboxEvent]:
    """Acknowledged and not handled yet (or never: agents see those), in order."""
    found = await session.execute(
        select(InboxEvent)
        .join(InboxThread, InboxThread.id == InboxEvent.thread_id)
        .where(*_of(InboxThread, thread), InboxEvent.state.in_(("new", "dead")))
        .order_by(InboxEvent.number.desc())
        .limit(PAGE)
    )
    return list(reversed(found.scalars().all()))


async def _handled(
    session: AsyncSession, conversation_id: int, *, now: datetime, after: int | None
) -> list[ChatEntry]:
    query = (
        select(Message, Agent.name)
        .outerjoin(Agent, Agent.id == Message.agent_id)
        .where(
            Message.conversation_id == conversation_id,
            or_(Message.author == "client", Message.delivery.in_(_SHOWN)),
        )
        .order_by(Message.id.desc())
        .limit(PAGE)
    )
    if after is not None:
        query = query.where(or_(Message.id > after, Message.stored_at > now - _OVERLAP))
    rows = (await session.execute(query)).all()
    files = await _files(session, [message.id for message, _ in rows])
    return [_entry(message, name, files[message.id]) for message, name in reversed(rows)]


async def _files(session: AsyncSession, message_ids: list[int]) -> dict[int, list[ChatFile]]:
    files: dict[int, list[ChatFile]] = defaultdict(list)
    if message_ids:
        found = await session.execute(
            select(StoredAttachment)
            .where(StoredAttachment.message_id.in_(message_ids))
            .order_by(StoredAttachment.id)
        )
        for row in found.scalars():
            files[row.message_id].append(_file(row, row.id))
    return files


def _file(file: StoredAttachment | Attachment, file_id: int | None) -> ChatFile:
    return ChatFile(
        id=file_id,
        name=display_name(file.filename, file.content_type),
        content_type=file.content_type,
        size=file.size,
        image=file.content_type in INLINE_TYPES,
    )


def _entry(message: Message, agent: str | None, files: list[ChatFile]) -> ChatEntry:
    mine = message.author == "client"
    return ChatEntry(
        id=message.id,
        client_id=_client_id(message.provider_id) if mine else None,
        author="client" if mine else "agent" if message.author == "agent" else "bot",
        name=_first_name(agent) if agent else None,
        kind=message.kind,
        text=message.text,
        choices=message.choices,
        files=files,
        at=message.at,
        state="handled" if mine else None,
    )


def _waiting(event: InboxEvent) -> ChatEntry:
    message = InboundMessage.model_validate(event.message)
    return ChatEntry(
        id=None,
        client_id=_client_id(event.provider_id),
        author="client",
        name=None,
        kind=message.kind,
        text=message.text,
        choices=[],
        files=[_file(attachment, None) for attachment in message.attachments],
        at=message.sent_at,
        state="received",
    )


def _client_id(provider_id: str | None) -> str | None:
    return provider_id.partition(":")[2] if provider_id else None


def _first_name(name: str) -> str:
    return name.split(maxsplit=1)[0] if name.split() else name
