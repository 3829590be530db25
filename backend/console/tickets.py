"""Tickets: the list, one ticket, and what an agent does with it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from backend.console import queries
from backend.console.access import Reader, Seat, Writer
from backend.console.rendering import ConsoleRoute, fragment, page, render
from backend.problems import Invalid
from backend.runtime_protocol import runtime_of
from backend.tickets import editing
from backend.tickets import service as tickets
from backend.tickets.models import Ticket

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_MAX_TEXT = 2000

Text = Annotated[str, Form()]
Version = Annotated[int, Form(ge=1)]
Change = Callable[[AsyncSession, Ticket], Awaitable[None]]


@router.get("/console/tickets")
async def ticket_list(
    request: Request,
    seat: Reader,
    ver: queries.TicketFilter = "abiertos",
    q: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        rows = await queries.tickets(
            session, ver, seat.agent.id, now=runtime.clock(), search=q, limit=queries.PAGE
        )
    return page(request, "tickets.html", seat, rows=rows, chosen=ver, q=q)


@router.get("/console/tickets/{number}")
async def ticket_page(request: Request, seat: Reader, number: str) -> Response:
    async with runtime_of(request).database.transaction() as session:
        card = await queries.card(session, number)
    return page(request, "ticket.html", seat, card=card)


@router.post("/console/tickets/{number}/take")
async def take(request: Request, seat: Writer, number: str, version: Version) -> Response:
    """Put oneself in charge."""
    runtime = runtime_of(request)

    async def change(session: AsyncSession, ticket: Ticket) -> None:
        await tickets.assign(
            session,
            ticket,
            assignee_id=seat.agent.id,
            agent_id=seat.agent.id,
            gateway=runtime.gateway,
            now=runtime.clock(),
            version=version,
        )

    return await _changed(request, seat, number, change)


@router.post("/console/tickets/{number}/start")
async def start(request: Request, seat: Writer, number: str, version: Version) -> Response:
    """Work begins or goes on."""
    return await _set_status(request, seat, number, "en_curso", "", version)


@router.post("/console/tickets/{number}/wait")
async def wait(
    request: Request, seat: Writer, number: str, version: Version, text: Text = ""
) -> Response:
    """Ask the client for something."""
    question = _required(text, "Escriba qué necesita del cliente; él lo leerá")
    return await _set_status(request, seat, number, "en_espera_del_cliente", question, version)


@router.post("/console/tickets/{number}/resolve")
async def resolve(
    request: Request, seat: Writer, number: str, version: Version, text: Text = ""
) -> Response:
    """Say how it was solved; the client is told and the survey planned."""
    runtime = runtime_of(request)
    reason = _required(text, "Escriba cómo se resolvió; el cliente lo leerá")

    async def change(session: AsyncSession, ticket: Ticket) -> None:
        await tickets.resolve(
            session,
            ticket,
            reason=reason,
            agent_id=seat.agent.id,
            gateway=runtime.gateway,
            now=runtime.clock(),
            survey_delay=runtime.settings.survey_delay,
            close_after=timedelta(days=runtime.settings.close_after_days),
            version=version,
        )

    return await _changed(request, seat, number, change)


@router.post("/console/tickets/{number}/reopen")
async def reopen(
    request: Request, seat: Writer, number: str, version: Version, text: Text = ""
) -> Response:
    """Take it up again."""
    runtime = runtime_of(request)
    reason = _required(text, "Escriba por qué se reabre")

    async def change(session: AsyncSession, ticket: Ticket) -> None:
        await tickets.reopen(
            session,
            ticket,
            reason=reason,
            actor="agent",
            agent_id=seat.agent.id,
            gateway=runtime.gateway,
            now=runtime.clock(),
            version=version,
        )

    return await _changed(request, seat, number, change)


@router.post("/console/tickets/{number}/note")
async def note(
    request: Request, seat: Writer, number: str, version: Version, text: Text = ""
) -> Response:
    """Add a note that only colleagues read."""
    runtime = runtime_of(request)
    words = _required(text, "La nota está vacía")

    async def change(session: AsyncSession, ticket: Ticket) -> None:
        await editing.add_note(
            session,
            ticket,
            words,
            public=False,
            agent_id=seat.agent.id,
            gateway=runtime.gateway,
            now=runtime.clock(),
            version=version,
        )

    return await _changed(request, seat, number, change)


async def _set_status(
    request: Request, seat: Seat, number: str, status: str, text: str, version: int
) -> Response:
    runtime = runtime_of(request)

    async def change(session: AsyncSession, ticket: Ticket) -> None:
        await tickets.set_status(
            session,
            ticket,
            status,
            note=text,
            agent_id=seat.agent.id,
            gateway=runtime.gateway,
            now=runtime.clock(),
            version=version,
        )

    return await _changed(request, seat, number, change)


async def _changed(request: Request, seat: Seat, number: str, change: Change) -> Response:
    """Change a ticket in one transaction and show it as it is then."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        ticket = await tickets.by_number(session, number)
        await change(session, ticket)
        card = await queries.card(session, number)
    hint = {"ticket": number, "conversation": ticket.conversation_id}
    runtime.live.publish("console", hint)
    return fragment(render(request, "_ticket.html", seat, card=card, open=True), changed=True)


def _required(text: str, otherwise: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid(otherwise)
    if len(text) > _MAX_TEXT:
        raise Invalid(f"El texto supera los {_MAX_TEXT} caracteres")
    return text
