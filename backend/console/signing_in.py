"""Signing in and out, and one's own account."""

import math
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from backend.agents import passwords
from backend.agents import service as agents
from backend.console.access import COOKIE, OwnWriter, Seated, set_session
from backend.console.rendering import SIGN_IN_PAGE, ConsoleRoute, local_path, page
from backend.problems import Invalid
from backend.runtime_protocol import runtime_of

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
_WINDOW_S = 15 * 60
_WRONG = "El correo o la contraseña no son correctos."


@router.get("/console/signin")
async def sign_in_page(request: Request) -> Response:
    wanted = local_path(request.query_params.get("next"))
    return page(request, "signin.html", None, next=wanted, email="", text="")


@router.post("/console/signin")
async def sign_in(
    request: Request,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    wanted: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Ten tries per account and address, fifty per address, each quarter of an hour."""
    runtime = runtime_of(request)
    address = request.client.host if request.client else "unknown"
    account = email.strip().lower()[:254]

    def again(text: str, status: int) -> Response:
        shown = {"next": local_path(wanted), "email": account, "text": text}
        return page(request, "signin.html", None, status=status, **shown)

    for key, most in ((f"signin:{account}:{address}", 10), (f"signin:{address}", 50)):
        if wait := await runtime.limits.take(key, most=most, per_s=_WINDOW_S):
            minutes = math.ceil(wait / 60)
            return again(f"Demasiados intentos. Espere {minutes} min y vuelva a intentar.", 429)
    signed_in = await agents.sign_in(runtime.database, account, password, now=runtime.clock())
    if signed_in is None:
        return again(_WRONG, 401)
    response = RedirectResponse(local_path(wanted), 303)
    set_session(request, response, signed_in.token)
    return response


@router.post("/console/signout")
async def sign_out(request: Request, seat: OwnWriter) -> Response:
    runtime = runtime_of(request)
    async with runtime.database.transaction() as session:
        await agents.sign_out(session, seat.token)
    response = RedirectResponse(SIGN_IN_PAGE, 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


@router.get("/console/account")
async def account_page(request: Request, seat: Seated) -> Response:
    return _account(request, seat, text="", saved="saved" in request.query_params)


@router.post("/console/account/password")
async def change_password(
    request: Request,
    seat: OwnWriter,
    current: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    runtime = runtime_of(request)
    await runtime.limits.require(
        f"password:{seat.agent.id}", most=10, per_s=_WINDOW_S, detail="Demasiados intentos"
    )
    if new != again:
        text = "Las dos contraseñas nuevas no son iguales"
        return _account(request, seat, text=text, status=422)
    try:
        signed_in = await agents.change_password(
            runtime.database, seat.agent.id, current=current, new=new, now=runtime.clock()
        )
    except Invalid as problem:
        return _account(request, seat, text=problem.detail, status=422)
    response = RedirectResponse("/console/account?saved", 303)
    set_session(request, response, signed_in.token)
    return response


def _account(
    request: Request, seat: Seated, *, text: str, saved: bool = False, status: int = 200
) -> Response:
    return page(
        request,
        "account.html",
        seat,
        status=status,
        text=text,
        saved=saved,
        shortest=passwords.SHORTEST,
    )
