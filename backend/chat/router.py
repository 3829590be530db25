"""``/chat``: the page, and the JSON that it and ``helpcare chat`` talk."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.templating import Jinja2Templates
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.types import Message as AsgiMessage
from starlette.types import Receive

from backend.attachments import service as attachments
from backend.chat import queries
from backend.chat.schemas import Accepted, ChatView, ReadUpTo
from backend.chat.texts import texts_in
from backend.chat.visitors import remember, require_visitor
from backend.events import EventStream
from backend.inbox import service as inbox
from backend.languages import language_of
from backend.problems import Invalid, NotFound, TooLarge
from backend.runtime_protocol import WebRuntime, runtime_of
from backend.statics import static_url
from bot.channels import webchat
from bot.messages import DeliveryState, InboundMessage, StatusUpdate

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(Path(__file__).parent / "templates")
_templates.env.globals["static_url"] = static_url
_client_id: TypeAdapter[str] = TypeAdapter(webchat.ClientId)
_caption: TypeAdapter[str] = TypeAdapter(webchat.Text)
_FORM_OVERHEAD = 16 * 1024  # what multipart adds around the file

Thread = Annotated[str, Depends(require_visitor)]


@router.get("/chat")
async def page(request: Request) -> Response:
    """The chat page; its first visit makes the visitor."""
    runtime = _open(request)
    language = language_of(request.headers.get("accept-language"))
    response = _templates.TemplateResponse(
        request,
        "chat.html",
        {
            "language": language,
            "texts": texts_in(language),
            "company": runtime.settings.company_name,
            "privacy_url": runtime.settings.privacy_url or "/privacidad",
            "max_bytes": runtime.settings.max_attachment_bytes,
            "max_text": webchat.MAX_TEXT,
            "timezone": runtime.settings.timezone,
        },
    )
    remember(request, response)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


@router.get("/chat/messages")
async def messages(
    request: Request,
    response: Response,
    after: Annotated[int | None, Query(ge=0)] = None,
) -> ChatView:
    """The conversation so far, or what is new after a message."""
    runtime = _open(request)
    thread = remember(request, response)
    response.headers["Cache-Control"] = "no-store"
    async with runtime.database.transaction() as session:
        return await queries.view(session, thread, now=runtime.clock(), after=after)


@router.post("/chat/messages", status_code=202)
async def send(request: Request, message: webchat.ChatMessage, thread: Thread) -> Accepted:
    """Store a message, then say so. A repeat of its id changes nothing."""
    runtime = _open(request)
    await _limit(request, runtime, thread, "messages", most=30)
    language = language_of(request.headers.get("accept-language"))
    inbound = webchat.to_inbound(message, thread=thread, language=language, now=runtime.clock())
    return await _receive(runtime, inbound, message.id, message.model_dump_json().encode())


@router.post("/chat/files", status_code=202)
async def upload(request: Request, thread: Thread) -> Accepted:
    """Store a file (form fields ``id``, ``file`` and optionally ``text``), then say so."""
    runtime = _open(request)
    await _limit(request, runtime, thread, "files", most=10)
    max_bytes = runtime.settings.max_attachment_bytes
    bounded = Request(request.scope, _bounded(request.receive, max_bytes + _FORM_OVERHEAD))
    async with bounded.form(max_files=1, max_fields=2, max_part_size=_FORM_OVERHEAD) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Invalid("Falta el archivo")
        try:
            client_id = _client_id.validate_python(form.get("id"))
            caption = _caption.validate_python(form.get("text", ""))
        except ValidationError as error:
            raise Invalid("El formulario no es válido") from error
        kept = await attachments.keep(
            runtime.attachments, await file.read(), filename=file.filename, max_bytes=max_bytes
        )
    inbound = webchat.file_to_inbound(
        client_id,
        kept.as_attachment(),
        caption=caption,
        kind=kept.kind,
        thread=thread,
        language=language_of(request.headers.get("accept-language")),
        now=runtime.clock(),
    )
    accepted = await _receive(runtime, inbound, client_id, inbound.model_dump_json().encode())
    if accepted.repeated:
        await runtime.attachments.delete(kept.stored_as)
    return accepted


@router.get("/chat/files/{attachment_id}")
async def download(request: Request, attachment_id: int, thread: Thread) -> Response:
    """A file of one's own conversation."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        attachment = await queries.file_of(session, thread, attachment_id)
    if attachment is None:
        raise NotFound("No existe ese archivo")
    return await attachments.serve(runtime.attachments, attachment)


@router.post("/chat/read", status_code=204)
async def read(request: Request, seen: ReadUpTo, thread: Thread) -> Response:
    """The visitor has our messages up to this one on an open page."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        provider_ids = await queries.unread(session, thread, seen.id)
    for provider_id in provider_ids:
        status = StatusUpdate(
            channel=webchat.NAME,
            account=webchat.ACCOUNT,
            provider_id=provider_id,
            state=DeliveryState.READ,
            at=runtime.clock(),
        )
        await inbox.report_status(runtime.database, status)
    return Response(status_code=204)


@router.get("/chat/events")
async def events(request: Request, thread: Thread) -> Response:
    """Server-sent hints that there is news to fetch."""
    runtime = runtime_of(request)
    await _limit(request, runtime, thread, "events", most=60)
    return EventStream(runtime.live, f"chat:{thread}")


def _open(request: Request) -> WebRuntime:
    runtime = runtime_of(request)
    if webchat.NAME not in runtime.gateway:
        raise NotFound("There is no web chat here")
    return runtime


async def _receive(
    runtime: WebRuntime, inbound: InboundMessage, client_id: str, raw: bytes
) -> Accepted:
    received = await inbox.receive(runtime.database, inbound, raw, now=inbound.sent_at)
    runtime.live.publish(f"chat:{inbound.thread}", {})  # the visitor's other tabs
    return Accepted(id=client_id, repeated=not received.is_new, at=inbound.sent_at)


async def _limit(
    request: Request, runtime: WebRuntime, thread: str, what: str, *, most: int
) -> None:
    """Per visitor, and ten times as much per address, behind which a whole office may sit."""
    detail = "Está escribiendo muy rápido; espere un momento"
    address = request.client.host if request.client else "unknown"
    for key, times in ((thread[:32], 1), (address, 10)):
        await runtime.limits.require(
            f"chat:{what}:{key}", most=most * times, per_s=60, detail=detail
        )


def _bounded(receive: Receive, max_bytes: int) -> Receive:
    """The same body, refused as soon as it proves too large."""
    seen = 0

    async def bounded() -> AsgiMessage:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > max_bytes:
            raise TooLarge("El archivo es demasiado grande", max_bytes=max_bytes)
        return message

    return bounded
