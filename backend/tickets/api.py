"""``/api/v1/tickets``."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from backend.api_fields import Line
from backend.contacts.models import Contact
from backend.conversations.models import Conversation
from backend.paging import Page
from backend.problems import Invalid
from backend.runtime_protocol import runtime_of
from backend.tickets import queries
from backend.tickets import service as tickets
from backend.tickets.models import Ticket
from backend.tickets.schemas import (
    Assignment,
    Change,
    Merge,
    NewTicket,
    Note,
    Patch,
    TicketDetail,
    TicketQuery,
    TicketSummary,
    WithReason,
)

router = APIRouter(prefix="/tickets", tags=["tickets"])

_Act = Callable[[AsyncSession, Ticket, datetime], Awaitable[object]]


@router.get("")
async def list_tickets(
    request: Request, wanted: Annotated[TicketQuery, Query()]
) -> Page[TicketSummary]:
    """Newest first."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        items, cursor = await queries.page_of_tickets(session, wanted, now=runtime.clock())
    return Page(items=items, next_cursor=cursor)


@router.post("", status_code=201)
async def create_ticket(request: Request, new: NewTicket) -> TicketDetail:
    """File a ticket for a contact; a conversation must be theirs."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        contact = await session.get(Contact, new.contact_id)
        conversation = None
        if new.conversation_id is not None:
            conversation = await session.get(Conversation, new.conversation_id)
        if contact is None:
            raise Invalid(f"There is no contact {new.contact_id}")
        if new.conversation_id is not None and (
            conversation is None or conversation.contact_id != contact.id
        ):
            raise Invalid(f"Contact {contact.id} has no conversation {new.conversation_id}")
        if new.agent_id is not None:
            await tickets.active_agent(session, new.agent_id)
        told = new.tell_client and conversation is not None
        ticket = await tickets.open_ticket(
            session,
            type=new.type,
            title=new.title,
            description=new.description,
            slots=new.slots,
            urgency=new.priority,
            contact=contact,
            conversation=conversation,
            channel=conversation.channel if conversation else "api",
            terms=runtime.terms,
            actor="agent",
            agent_id=new.agent_id,
            gateway=runtime.gateway if told else None,
            now=runtime.clock(),
        )
        opened = await queries.detail(session, ticket.number)
    await _publish(request, opened)
    return opened


@router.get("/{number}")
async def read_ticket(request: Request, number: Line) -> TicketDetail:
    async with runtime_of(request).database.transaction() as session:
        return await queries.detail(session, number)


@router.patch("/{number}")
async def patch_ticket(request: Request, number: Line, patch: Patch) -> TicketDetail:
    """Correct a ticket, say that work began, or ask the client with ``note``."""
    runtime = runtime_of(request)
    apart = {"agent_id", "version", "status", "note"}
    changes = {
        name: value
        for name, value in patch.model_dump(exclude=apart, exclude_unset=True).items()
        if value is not None
    }
    if patch.note is not None and patch.status is None:
        raise Invalid("A note goes with a status; others are posted to /notes")

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        version = patch.version
        if patch.status is not None:  # first: it locks the conversation before the ticket
            await tickets.set_status(
                session,
                ticket,
                patch.status,
                note=patch.note or "",
                agent_id=patch.agent_id,
                gateway=runtime.gateway,
                now=now,
                version=version,
            )
            version = None
        await tickets.patch(
            session,
            ticket,
            changes,
            agent_id=patch.agent_id,
            terms=runtime.terms,
            now=now,
            version=version,
        )

    return await _change(request, number, patch, act)


@router.post("/{number}/resolve")
async def resolve_ticket(request: Request, number: Line, body: WithReason) -> TicketDetail:
    """The client reads the reason; the survey follows."""
    runtime = runtime_of(request)
    settings = runtime.settings

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        await tickets.resolve(
            session,
            ticket,
            reason=body.reason,
            agent_id=body.agent_id,
            gateway=runtime.gateway,
            now=now,
            survey_delay=settings.survey_delay,
            close_after=timedelta(days=settings.close_after_days),
            version=body.version,
        )

    return await _change(request, number, body, act)


@router.post("/{number}/reopen")
async def reopen_ticket(request: Request, number: Line, body: WithReason) -> TicketDetail:
    """A new cycle; the survey of the old one is withdrawn."""
    runtime = runtime_of(request)

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        await tickets.reopen(
            session,
            ticket,
            reason=body.reason,
            actor="agent",
            agent_id=body.agent_id,
            gateway=runtime.gateway,
            now=now,
            version=body.version,
        )

    return await _change(request, number, body, act)


@router.post("/{number}/close")
async def close_ticket(request: Request, number: Line, body: WithReason) -> TicketDetail:
    runtime = runtime_of(request)

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        await tickets.close(
            session,
            ticket,
            reason=body.reason,
            actor="agent",
            agent_id=body.agent_id,
            gateway=runtime.gateway,
            now=now,
            version=body.version,
        )

    return await _change(request, number, body, act)


@router.post("/{number}/escalate")
async def escalate_ticket(request: Request, number: Line, body: WithReason) -> TicketDetail:
    """Raise the priority by a step."""

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        await tickets.escalate(
            session,
            ticket,
            reason=body.reason,
            actor="agent",
            agent_id=body.agent_id,
            now=now,
            version=body.version,
        )

    return await _change(request, number, body, act)


@router.post("/{number}/assign")
async def assign_ticket(request: Request, number: Line, body: Assignment) -> TicketDetail:
    """``assignee_id`` null takes it from whoever has it."""
    runtime = runtime_of(request)

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        await tickets.assign(
            session,
            ticket,
            assignee_id=body.assignee_id,
            agent_id=body.agent_id,
            gateway=runtime.gateway,
            now=now,
            version=body.version,
        )

    return await _change(request, number, body, act)


@router.post("/{number}/merge")
async def merge_ticket(request: Request, number: Line, body: Merge) -> TicketDetail:
    """Close it as a part of ``into``, a ticket of the same client."""
    runtime = runtime_of(request)

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        await tickets.merge(
            session,
            ticket,
            await tickets.by_number(session, body.into),
            agent_id=body.agent_id,
            gateway=runtime.gateway,
            now=now,
            version=body.version,
        )

    return await _change(request, number, body, act)


@router.post("/{number}/notes", status_code=201)
async def add_note(request: Request, number: Line, body: Note) -> TicketDetail:
    """For colleagues, or with ``public`` as news to the client."""
    runtime = runtime_of(request)

    async def act(session: AsyncSession, ticket: Ticket, now: datetime) -> None:
        await tickets.add_note(
            session,
            ticket,
            body.text,
            public=body.public,
            agent_id=body.agent_id,
            gateway=runtime.gateway,
            now=now,
            version=body.version,
        )

    return await _change(request, number, body, act)


async def _change(request: Request, number: Line, body: Change, act: _Act) -> TicketDetail:
    """One command in one transaction; open consoles are told after it."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        if body.agent_id is not None:
            await tickets.active_agent(session, body.agent_id)
        ticket = await tickets.by_number(session, number)
        await act(session, ticket, runtime.clock())
        await session.flush()
        changed = await queries.detail(session, number)
    await _publish(request, changed)
    return changed


async def _publish(request: Request, ticket: TicketDetail) -> None:
    hint = {"conversation": ticket.conversation_id, "ticket": ticket.number}
    runtime_of(request).live.publish("console", hint)
