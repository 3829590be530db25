"""``/api/v1/tickets/{number}/similar``."""

from fastapi import APIRouter, Request

from backend.api_fields import Line
from backend.runtime_protocol import runtime_of
from backend.similarity.queries import similar_to
from backend.similarity.schemas import Similar
from backend.tickets.queries import detail

router = APIRouter(prefix="/tickets", tags=["tickets"])


@router.get("/{number}/similar")
async def similar_tickets(request: Request, number: Line) -> Similar:
    """Tickets that may tell of the same problem, how such were solved, and help articles."""
    async with runtime_of(request).database.transaction() as session:
        await detail(session, number)  # 404 where there is none
        return await similar_to(session, number)
