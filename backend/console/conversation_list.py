"""The list of conversations, live."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from backend.console import queries
from backend.console.access import Reader, Seat, seated
from backend.console.rendering import ConsoleRoute, live_part, page, refreshed, render
from backend.events import EventStream, Hint
from backend.problems import Unauthenticated
from backend.runtime_protocol import runtime_of

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_MOST_ROWS = 300
_GATHER_S = 0.3
_EVENTS = "sse:news, sse:tick"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which conversations to show."""

    ver: queries.Filter
    q: str
    limit: int

    @property
    def url(self) -> str:
        return "/console/rows?" + urlencode({"ver": self.ver, "q": self.q, "limit": self.limit})


@router.get("/")
async def home(
    request: Request,
    seat: Reader,
    ver: queries.Filter = "todas",
    q: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = queries.PAGE,
) -> Response:
    """All conversations, by filter and search."""
    asked = Asked(ver, q, limit)
    body = await _rows(request, seat, asked)
    rows = live_part(request, seat, "rows", url=asked.url, on=_EVENTS, body=body)
    return page(request, "conversations.html", seat, rows=rows, chosen=ver, q=q)


@router.get("/console/rows")
async def refreshed_rows(
    request: Request,
    seat: Reader,
    ver: queries.Filter = "todas",
    q: Annotated[str, Query(max_length=500)] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST_ROWS)] = queries.PAGE,
    seen: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """The list again, if it changed."""
    asked = Asked(ver, q, limit)
    body = await _rows(request, seat, asked)
    return refreshed(request, seat, "rows", url=asked.url, on=_EVENTS, body=body, seen=seen)


async def _rows(request: Request, seat: Seat, asked: Asked) -> Markup:
    async with runtime_of(request).database.transaction() as session:
        found = await queries.conversations(
            session, asked.ver, seat.agent.id, search=asked.q, limit=asked.limit + 1
        )
        counts = await queries.conversation_counts(session, seat.agent.id)
        trouble = await queries.trouble_count(session)
    more = min(asked.limit * 2, _MOST_ROWS)
    return render(
        request,
        "_rows.html",
        seat,
        rows=found[: asked.limit],
        more=more if len(found) > asked.limit < more else None,
        counts=counts,
        trouble=trouble,
        chosen=asked.ver,
        q=asked.q,
    )


@router.get("/console/events")
async def events(request: Request, seat: Reader) -> Response:  # noqa: ARG001  opens the door
    """Hints that something changed, for as long as the session lasts."""
    runtime = runtime_of(request)

    async def still_allowed() -> bool:
        try:
            await seated(request)
        except Unauthenticated:
            return False
        return True

    return EventStream(
        runtime.live, "console", names=_names, gather_s=_GATHER_S, still_allowed=still_allowed
    )


def _names(hint: Hint) -> set[str]:
    conversation_id = hint.get("conversation")
    return {"news"} | ({f"conversation-{conversation_id}"} if conversation_id else set())
