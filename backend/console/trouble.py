"""What did not go by itself: unreadable or failing messages, and what could not be sent."""

from fastapi import APIRouter, Request, Response
from markupsafe import Markup

from backend.console import queries
from backend.console.access import Reader, Writer
from backend.console.rendering import ConsoleRoute, fragment, page
from backend.inbox import service as inbox
from backend.outbox import service as outbox
from backend.runtime_protocol import runtime_of

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_AGAIN = Markup('<p class="done" role="status">En camino otra vez.</p>')


@router.get("/console/problemas")
async def trouble_page(request: Request, seat: Reader) -> Response:
    async with runtime_of(request).database.transaction() as session:
        events = await queries.dead_events(session)
        items = await queries.stuck_items(session)
    return page(request, "trouble.html", seat, events=events, items=items)


@router.post("/console/problemas/inbox/{event_id}")
async def replay(request: Request, seat: Writer, event_id: int) -> Response:  # noqa: ARG001
    """Process a message again."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        await inbox.replay(session, event_id)
    return fragment(_AGAIN)


@router.post("/console/problemas/outbox/{item_id}")
async def send_again(request: Request, seat: Writer, item_id: int) -> Response:  # noqa: ARG001
    """Send a failed or uncertain item again."""
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        await outbox.retry(session, item_id, now=runtime.clock())
    return fragment(_AGAIN)
