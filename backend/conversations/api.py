"""``/api/v1/conversations``."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api_fields import Id
from backend.contacts.models import Contact
from backend.conversations import service as conversations
from backend.conversations.models import Conversation, Message
from backend.conversations.schemas import (
    ByAgent,
    ConversationDetail,
    ConversationQuery,
    ConversationRecord,
    MessageRecord,
    NewMessage,
)
from backend.paging import Page, PageQuery, fetch_page
from backend.problems import NotFound
from backend.runtime_protocol import runtime_of
from backend.tickets.changing import active_agent
from backend.tickets.models import Ticket, TicketConversation

router = APIRouter(prefix="/conversations", tags=["conversations"])

_MESSAGES_SHOWN = 50


@router.get("")
async def list_conversations(
    request: Request, wanted: Annotated[ConversationQuery, Query()]
) -> Page[ConversationRecord]:
    """The one with the latest message first."""
    statement = select(Conversation)
    for column, value in (
        (Conversation.channel, wanted.channel),
        (Conversation.contact_id, wanted.contact_id),
        (Conversation.owner_id, wanted.owner_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.unowned:
        statement = statement.where(Conversation.owner_id.is_(None))
    if wanted.waiting is not None:
        waits = Conversation.waiting_since.is_not(None)
        statement = statement.where(waits if wanted.waiting else ~waits)
    async with runtime_of(request).database.transaction() as session:
        rows, cursor = await fetch_page(
            session,
            statement,
            wanted,
            id_column=Conversation.id,
            at_column=Conversation.last_message_at,
        )
    items = [ConversationRecord.model_validate(conversation) for (conversation,) in rows]
    return Page(items=items, next_cursor=cursor)


@router.get("/{conversation_id}")
async def read_conversation(request: Request, conversation_id: Id) -> ConversationDetail:
    async with runtime_of(request).database.transaction() as session:
        return await _detail(session, conversation_id)


@router.get("/{conversation_id}/messages")
async def list_messages(
    request: Request, conversation_id: Id, wanted: Annotated[PageQuery, Query()]
) -> Page[MessageRecord]:
    """Newest first."""
    statement = select(Message).where(Message.conversation_id == conversation_id)
    async with runtime_of(request).database.transaction() as session:
        if await session.get(Conversation, conversation_id) is None:
            raise NotFound(f"There is no conversation {conversation_id}")
        rows, cursor = await fetch_page(session, statement, wanted, id_column=Message.id)
    items = [MessageRecord.model_validate(message) for (message,) in rows]
    return Page(items=items, next_cursor=cursor)


@router.post("/{conversation_id}/claim")
async def claim(request: Request, conversation_id: Id, body: ByAgent) -> ConversationDetail:
    """Make the agent its owner: the bot is silent until it is given back."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        await active_agent(session, body.agent_id)
        await conversations.claim(session, conversation_id, body.agent_id, now=runtime.clock())
        claimed = await _detail(session, conversation_id)
    await _publish(request, conversation_id)
    return claimed


@router.post("/{conversation_id}/release")
async def release(request: Request, conversation_id: Id, body: ByAgent) -> ConversationDetail:
    """Give it back to the bot; only its owner may."""
    async with runtime_of(request).database.transaction() as session:
        await conversations.release(session, conversation_id, body.agent_id)
        released = await _detail(session, conversation_id)
    await _publish(request, conversation_id)
    return released


@router.post("/{conversation_id}/messages", status_code=201)
async def write_message(
    request: Request, conversation_id: Id, new: NewMessage
) -> list[MessageRecord]:
    """Write to the client as a person, which takes the conversation. One message may leave in
    several parts, as the channel can carry them.
    """
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        await active_agent(session, new.agent_id)
        written = await conversations.answer(
            session,
            runtime.gateway,
            conversation_id,
            new.agent_id,
            new.text,
            key=new.key or uuid4().hex,
            now=runtime.clock(),
        )
        records = [MessageRecord.model_validate(message) for message in written]
    await _publish(request, conversation_id)
    return records


async def _detail(session: AsyncSession, conversation_id: int) -> ConversationDetail:
    conversation = await session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    contact = await session.get_one(Contact, conversation.contact_id)
    numbers = await session.scalars(
        select(Ticket.number)
        .join(TicketConversation, TicketConversation.ticket_id == Ticket.id)
        .where(TicketConversation.conversation_id == conversation_id)
        .order_by(Ticket.id)
    )
    latest = await session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id)
        .order_by(Message.id.desc())
        .limit(_MESSAGES_SHOWN)
    )
    messages = [MessageRecord.model_validate(message) for message in latest]
    return ConversationDetail(
        **dict(ConversationRecord.model_validate(conversation)),
        contact_name=contact.name,
        tickets=list(numbers),
        messages=messages[::-1],
    )


async def _publish(request: Request, conversation_id: int) -> None:
    runtime_of(request).live.publish("console", {"conversation": conversation_id})
