"""One conversation: its thread, its contact and tickets, and what an agent can do in it.

The page consists of three parts that refresh themselves (head, thread, side) and the composer,
which only changes when its message was taken.
"""

import uuid
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from backend.attachments import service as attachments
from backend.console import queries
from backend.console.access import Reader, Seat, Writer
from backend.console.rendering import ConsoleRoute, fragment, live_part, page, refreshed, render
from backend.conversations import corrections
from backend.conversations import service as conversations
from backend.conversations.models import Conversation
from backend.problems import Invalid
from backend.runtime_protocol import WebRuntime, runtime_of

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_MOST_MESSAGES = 2000
_MAX_ANSWER = 8000  # characters; the channel splits it
_WINDOW_ENDS_SOON = timedelta(hours=2)

Limit = Annotated[int, Query(ge=1, le=_MOST_MESSAGES)]


@router.get("/console/conversations/{conversation_id}")
async def conversation(
    request: Request,
    seat: Reader,
    conversation_id: int,
    limit: Limit = queries.THREAD_PAGE,
) -> Response:
    """The whole page."""
    parts: dict[str, Any] = {}
    async with runtime_of(request).database.transaction() as session:
        context = await _context(request, session, conversation_id, limit)
    for part, template in _TEMPLATES.items():
        body = render(request, template, seat, **context)
        parts[part] = live_part(
            request, seat, part, url=_url(conversation_id, part, limit),
            on=_events(conversation_id), body=body,
        )  # fmt: skip
    composer = _composer(request, seat, context)
    return page(request, "conversation.html", seat, **context, **parts, composer=composer)


@router.get("/console/conversations/{conversation_id}/{part}")
async def refreshed_part(
    request: Request,
    seat: Reader,
    conversation_id: int,
    part: queries.ConversationPart,
    limit: Limit = queries.THREAD_PAGE,
    seen: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """One part again, if it changed."""
    async with runtime_of(request).database.transaction() as session:
        context = await _context(request, session, conversation_id, limit)
    body = render(request, _TEMPLATES[part], seat, **context)
    return refreshed(
        request, seat, part, url=_url(conversation_id, part, limit),
        on=_events(conversation_id), body=body, seen=seen,
    )  # fmt: skip


@router.post("/console/conversations/{conversation_id}/claim")
async def claim(request: Request, seat: Writer, conversation_id: int) -> Response:
    """Take it: from now on the bot is silent."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        taken = await conversations.claim(
            session, conversation_id, seat.agent.id, now=runtime.clock()
        )
    await _tell(runtime, taken)
    return fragment(Markup(""), changed=True)


@router.post("/console/conversations/{conversation_id}/release")
async def release(request: Request, seat: Writer, conversation_id: int) -> Response:
    """Give it back to the bot."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        given = await conversations.release(session, conversation_id, seat.agent.id)
    await _tell(runtime, given)
    return fragment(Markup(""), changed=True)


@router.post("/console/conversations/{conversation_id}/messages")
async def answer(
    request: Request,
    seat: Writer,
    conversation_id: int,
    text: Annotated[str, Form()] = "",
    key: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Write to the client; an empty composer comes back once the message is stored."""
    if len(text) > _MAX_ANSWER:
        raise Invalid(f"El mensaje supera los {_MAX_ANSWER} caracteres")
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        await conversations.answer(
            session,
            runtime.gateway,
            conversation_id,
            seat.agent.id,
            text.replace("\r\n", "\n"),
            key=key,
            now=runtime.clock(),
        )
        context = await _context(request, session, conversation_id, 1)
    await _tell(runtime, context["conversation"])
    return fragment(_composer(request, seat, context), changed=True)


@router.post("/console/messages/{message_id}/intents")
async def correct(
    request: Request,
    seat: Writer,
    message_id: int,
    intent: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Say what a message meant; the model learns from it at its next training."""
    runtime = runtime_of(request)
    meant = [name for name in intent or () if name]
    async with runtime.database.transaction() as session:
        message = await corrections.correct(
            session, message_id, meant, agent_id=seat.agent.id, now=runtime.clock()
        )
    runtime.live.publish("console", {"conversation": message.conversation_id})
    return fragment(Markup(""), changed=True)


@router.get("/console/files/{attachment_id}")
async def file(request: Request, seat: Reader, attachment_id: int) -> Response:  # noqa: ARG001
    """A client's file; shown inside the page only if it is a harmless picture."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        attachment = await queries.attachment(session, attachment_id)
    return await attachments.serve(runtime.attachments, attachment)


# --- parts -------------------------------------------------------------------------------

_TEMPLATES: dict[queries.ConversationPart, str] = {
    "head": "_head.html",
    "thread": "_thread.html",
    "side": "_side.html",
}


def _url(conversation_id: int, part: str, limit: int) -> str:
    return f"/console/conversations/{conversation_id}/{part}?limit={limit}"


def _events(conversation_id: int) -> str:
    return f"sse:conversation-{conversation_id}, sse:tick, changed from:body"


async def _context(
    request: Request, session: AsyncSession, conversation_id: int, limit: int
) -> dict[str, Any]:
    runtime = runtime_of(request)
    facts = await queries.conversation(session, conversation_id)
    entries, earlier = await queries.thread(session, conversation_id, limit=limit)
    return {
        "conversation": facts.conversation,
        "contact": facts.contact,
        "account": facts.account,
        "owner": facts.owner,
        "entries": entries,
        "earlier": min(limit * 4, _MOST_MESSAGES) if earlier and limit < _MOST_MESSAGES else None,
        "crm": await queries.crm_log(session, conversation_id),
        "draft": await queries.draft(session, conversation_id),
        "cards": await queries.cards_of(session, conversation_id, facts.contact.id),
        "window": _window(runtime, facts.conversation, runtime.clock()),
    }


def _composer(request: Request, seat: Seat, context: dict[str, Any]) -> Markup:
    return render(
        request, "_composer.html", seat, conversation=context["conversation"], key=uuid.uuid4()
    )


def _window(
    runtime: WebRuntime, conversation: Conversation, now: datetime
) -> dict[str, Any] | None:
    """How long free messages may still be sent, where the channel limits that (WhatsApp: 24 h)."""
    if conversation.channel not in runtime.gateway:
        return {"closed": True, "configured": False, "left": None}
    length = runtime.gateway.channel(conversation.channel).capabilities.session_window
    if length is None:
        return None
    last = conversation.last_inbound_at
    left = last + length - now if last else timedelta(0)
    if left > _WINDOW_ENDS_SOON:
        return None
    return {"closed": left <= timedelta(0), "configured": True, "left": left}


async def _tell(runtime: WebRuntime, conversation: Conversation) -> None:
    """Other consoles, and the visitor's page, which shows who attends."""
    runtime.live.publish("console", {"conversation": conversation.id})
    if conversation.channel == "webchat":
        runtime.live.publish(f"chat:{conversation.thread}", {})
