"""Every error leaves as a JSON problem (RFC 9457), and none tells more than it should."""

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from psycopg import OperationalError
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend.problems import Problem, TooMany, Unauthenticated, Unavailable

_RETRY_AFTER_S = 5
log = structlog.get_logger()


def problem_response(problem: Problem) -> JSONResponse:
    """The problem as a response, with the headers that its status asks for."""
    headers = {}
    if isinstance(problem, Unavailable | TooMany):
        headers["Retry-After"] = str(problem.extra.get("retry_after", _RETRY_AFTER_S))
    if isinstance(problem, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    body = {"title": problem.title, "status": problem.status, "detail": problem.detail}
    return JSONResponse(
        jsonable_encoder(problem.extra) | body,
        problem.status,
        headers,
        media_type="application/problem+json",
    )


async def _problem(_request: Request, problem: Exception) -> Response:
    return problem_response(problem if isinstance(problem, Problem) else Problem("Unknown"))


async def _http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else "Unknown"
    headers = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse(
        {"title": detail, "status": status, "detail": detail},
        status,
        headers,
        media_type="application/problem+json",
    )


async def _invalid(_request: Request, error: Exception) -> Response:
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    # the input itself is left out: it may hold personal data, and the caller has it
    shown = [{"where": [str(part) for part in e["loc"]], "problem": str(e["msg"])} for e in errors]
    return JSONResponse(
        {"title": "Invalid", "status": 422, "detail": "The request is not valid", "errors": shown},
        422,
        media_type="application/problem+json",
    )


async def _database(request: Request, error: Exception) -> Response:
    """A database that is away is a 503 that says when to come again; a bug of ours is a 500."""
    away = not isinstance(error, DBAPIError) or (
        error.connection_invalidated or isinstance(error.orig, OperationalError)
    )
    if not away:
        return await _unknown(request, error)
    log.warning("database.unavailable", path=request.url.path, error=type(error).__name__)
    return problem_response(Unavailable("The database is not available; try again shortly"))


async def _unknown(request: Request, error: Exception) -> Response:
    log.error("web.failed", path=request.url.path, exc_info=error)
    return JSONResponse(
        {"title": "Internal error", "status": 500, "detail": "Something went wrong on our side"},
        500,
        media_type="application/problem+json",
    )


async def _gone(_request: Request, _error: Exception) -> Response:
    """The caller hung up, or its body was cut off as too large; nobody reads this."""
    return Response(status_code=400)


def add_problem_handlers(app: FastAPI) -> None:
    """Teach the application to answer with problems."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ClientDisconnect, _gone)
    for database_error in (DBAPIError, InterfaceError, PoolTimeoutError, OperationalError):
        app.add_exception_handler(database_error, _database)
    app.add_exception_handler(Exception, _unknown)
