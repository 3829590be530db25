"""Accounts of the console, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from backend.agents import service as agents
from backend.console import queries
from backend.console.access import Admin, AdminWriter, Seat
from backend.console.rendering import ConsoleRoute, page
from backend.problems import Conflict, Forbidden, Invalid
from backend.runtime_protocol import runtime_of

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)


@router.get("/console/users")
async def people(request: Request, seat: Admin) -> Response:
    return await _people(request, seat)


@router.post("/console/users")
async def create(
    request: Request,
    seat: AdminWriter,
    email: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "agent",
) -> Response:
    """Add an account and show its one-time password, this once."""
    runtime = runtime_of(request)
    try:
        async with runtime.database.transaction() as session:
            password = await agents.create_agent(
                session, email=email, name=name, role=role, now=runtime.clock()
            )
    except (Invalid, Conflict) as problem:
        return await _people(request, seat, text=problem.detail, status=problem.status)
    return await _people(request, seat, password=password, password_of=email.strip().lower())


@router.post("/console/users/{agent_id}/password")
async def reset_password(request: Request, seat: AdminWriter, agent_id: int) -> Response:
    async with runtime_of(request).database.transaction() as session:
        password = await agents.reset_password(session, agent_id)
        email = (await agents.get_agent(session, agent_id)).email
    return await _people(request, seat, password=password, password_of=email)


@router.post("/console/users/{agent_id}/access")
async def set_access(
    request: Request,
    seat: AdminWriter,
    agent_id: int,
    role: Annotated[str, Form()],
    active: Annotated[bool, Form()] = False,  # noqa: FBT002  a form's check box
) -> Response:
    try:
        async with runtime_of(request).database.transaction() as session:
            await agents.set_access(
                session, agent_id, role=role, active=active, by_id=seat.agent.id
            )
    except (Invalid, Forbidden) as problem:
        return await _people(request, seat, text=problem.detail, status=problem.status)
    return await _people(request, seat, text="Guardado.")


async def _people(
    request: Request,
    seat: Seat,
    *,
    text: str = "",
    password: str = "",
    password_of: str = "",
    status: int = 200,
) -> Response:
    async with runtime_of(request).database.transaction() as session:
        found = await queries.agents(session)
    return page(
        request,
        "people.html",
        seat,
        status=status,
        agents=found,
        text=text,
        password=password,
        password_of=password_of,
    )
