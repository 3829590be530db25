"""Pages and the parts of them that refresh themselves."""

import hashlib
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from backend.attachments.service import INLINE_TYPES
from backend.console import labels
from backend.console.access import ACCOUNT_PAGE, MustChangePassword, Seat
from backend.problems import Conflict, Invalid, Problem, Unauthenticated
from backend.runtime_protocol import runtime_of
from backend.statics import static_url
from nlp.understanding import INTENTS

SIGN_IN_PAGE = "/console/signin"
_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(
    static_url=static_url, labels=labels, inline_types=INLINE_TYPES, intents=INTENTS
)
_environment.filters["entity_value"] = labels.entity_value
_environment.filters["labelled"] = lambda value, table: labels.label(table, value)


def render(request: Request, template: str, seat: Seat | None, **context: object) -> Markup:
    """One template with what all of them use."""
    runtime = runtime_of(request)
    now = runtime.clock()
    timezone = runtime.settings.timezone

    def local(at: datetime, pattern: str = "d MMM, HH:mm") -> str:
        return labels.local(at, timezone, pattern)

    text = _environment.get_template(template).render(
        seat=seat,
        company=runtime.settings.company_name,
        now=now,
        local=local,
        ago=lambda at: labels.ago(at, now),
        span=lambda since: labels.span(now - since),
        **context,
    )
    return Markup(text)  # noqa: S704  every value in it went through autoescape


def page(
    request: Request, template: str, seat: Seat | None, *, status: int = 200, **context: object
) -> HTMLResponse:
    """A whole page. Never cached: after signing out, "back" shows nothing."""
    body = render(request, template, seat, **context)
    return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})


def fragment(body: Markup, *, changed: bool = False, status: int = 200) -> HTMLResponse:
    """A piece of a page; ``changed`` lets the live parts around it refresh themselves."""
    headers = {"Cache-Control": "no-store"} | ({"HX-Trigger": "changed"} if changed else {})
    return HTMLResponse(body, status, headers=headers)


def live_part(
    request: Request, seat: Seat, part: str, *, url: str, on: str, body: Markup
) -> Markup:
    """A piece that asks for itself again on the events ``on``, naming the state it shows."""
    return render(
        request, "_live.html", seat, part=part, url=url, on=on, body=body, seen=_fingerprint(body)
    )


def refreshed(
    request: Request, seat: Seat, part: str, *, url: str, on: str, body: Markup, seen: str
) -> Response:
    """The same as an answer: 204 when the page shows this already, so that nothing moves."""
    if seen == _fingerprint(body):
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return fragment(live_part(request, seat, part, url=url, on=on, body=body))


def _fingerprint(body: Markup) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def local_path(wanted: str | None) -> str:
    """Where to go after signing in: a page of ours, never another site."""
    if wanted and wanted.startswith("/") and not wanted.startswith(("//", "/\\")):
        return wanted if all(" " < char < "\x7f" and char != "\\" for char in wanted) else "/"
    return "/"


class ConsoleRoute(APIRoute):
    """Shows problems as pages, or inside the page that htmx asked from."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                return _explained(request, problem)
            except RequestValidationError:
                return _explained(request, Invalid("Falta un dato o no es válido"))

        return handle_and_explain


def _explained(request: Request, problem: Problem) -> Response:
    inside = "hx-request" in request.headers
    target = None
    if isinstance(problem, Unauthenticated):
        target = SIGN_IN_PAGE
        if request.method == "GET" and not inside and request.url.path != "/":
            target = f"{SIGN_IN_PAGE}?next={request.url.path}"
    elif isinstance(problem, MustChangePassword):
        target = ACCOUNT_PAGE
    if target is not None:
        if inside:
            return Response(status_code=problem.status, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    text = explain(problem, runtime_of(request).clock())
    if inside:
        # the form that was sent stays as it is, with what was written in it
        response = fragment(render(request, "_notice.html", None, text=text), status=problem.status)
        response.headers.update({"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"})
        return response
    return page(request, "problem.html", None, status=problem.status, text=text)


def explain(problem: Problem, now: datetime) -> str:
    """A problem in an agent's words."""
    if isinstance(problem, Conflict):
        since = problem.extra.get("since")
        if "owner" in problem.extra and isinstance(since, datetime):
            return f"La tomó {problem.extra['owner']} {labels.ago(since, now)}."
        if "state" in problem.extra:
            state = labels.label(
                labels.STATUS | labels.ITEM_STATE, str(problem.extra["state"])
            ).lower()
            return f"Cambió mientras usted lo veía: ahora está «{state}». Revise y decida."
    return problem.detail
