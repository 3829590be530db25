"""What resembles a ticket: shown in its card when an agent opens that part."""

from fastapi import APIRouter, Request, Response

from backend.console import queries
from backend.console.access import Reader
from backend.console.rendering import ConsoleRoute, fragment, render
from backend.runtime_protocol import runtime_of
from backend.similarity.queries import similar_to

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)


@router.get("/console/tickets/{number}/similar")
async def similar(request: Request, seat: Reader, number: str) -> Response:
    """Open tickets of perhaps the same problem, earlier solutions, and articles."""
    async with runtime_of(request).database.transaction() as session:
        await queries.card(session, number)
        found = await similar_to(session, number)
    return fragment(render(request, "_similar.html", seat, found=found))
