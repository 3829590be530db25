"""Who sits at the console: session cookie, CSRF token, roles."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from backend.agents import service as agents
from backend.agents.models import Agent
from backend.problems import Forbidden, Unauthenticated
from backend.runtime_protocol import WebRuntime, runtime_of

COOKIE = "helpcare_session"
ACCOUNT_PAGE = "/console/account"


class MustChangePassword(Forbidden):
    """A one-time password opens the page where it is replaced, and nothing else."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A signed-in agent and the session they are in."""

    agent: Agent
    token: str
    csrf: str

    @property
    def is_admin(self) -> bool:
        return self.agent.role == "admin"


def set_session(request: Request, response: Response, token: str) -> None:
    """Put the session into the browser, out of scripts' and other sites' reach."""
    public_url = runtime_of(request).settings.public_url or ""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(agents.SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=public_url.startswith("https://") or request.url.scheme == "https",
    )


def csrf_token(runtime: WebRuntime, token: str) -> str:
    """Bound to the session and useless without it."""
    digest = hmac.new(runtime.secret_key.encode(), b"csrf:" + token.encode(), hashlib.sha256)
    return digest.hexdigest()


async def seated(request: Request) -> Seat:
    """The agent, whatever state their password is in; :class:`Unauthenticated` without."""
    runtime = runtime_of(request)
    token = request.cookies.get(COOKIE, "")
    if token:
        async with runtime.database.transaction() as session:
            agent = await agents.agent_of(session, token, now=runtime.clock())
        if agent is not None:
            return Seat(agent, token, csrf_token(runtime, token))
    raise Unauthenticated("Inicie sesión para continuar")


async def _current(seat: Annotated[Seat, Depends(seated)]) -> Seat:
    if seat.agent.must_change_password:
        raise MustChangePassword("Cambie primero la contraseña temporal")
    return seat


async def _with_csrf(request: Request, seat: Seat) -> Seat:
    form = await request.form()
    given = str(form.get("csrf", "")) or request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), seat.csrf.encode()):
        raise Forbidden("La página estaba desactualizada; recárguela y vuelva a intentar")
    return seat


async def _writing(request: Request, seat: Annotated[Seat, Depends(_current)]) -> Seat:
    return await _with_csrf(request, seat)


async def _writing_own(request: Request, seat: Annotated[Seat, Depends(seated)]) -> Seat:
    return await _with_csrf(request, seat)


async def _admin(seat: Annotated[Seat, Depends(_current)]) -> Seat:
    if not seat.is_admin:
        raise Forbidden("Solo un administrador puede hacer esto")
    return seat


async def _writing_admin(request: Request, seat: Annotated[Seat, Depends(_admin)]) -> Seat:
    return await _with_csrf(request, seat)


Seated = Annotated[Seat, Depends(seated)]  # may still have a one-time password
Reader = Annotated[Seat, Depends(_current)]
Writer = Annotated[Seat, Depends(_writing)]
OwnWriter = Annotated[Seat, Depends(_writing_own)]
Admin = Annotated[Seat, Depends(_admin)]
AdminWriter = Annotated[Seat, Depends(_writing_admin)]
