"""Who a web-chat visitor is: whoever holds the secret that we put into their browser."""

import hashlib
import re
import secrets

from fastapi import Request, Response

from backend.problems import Unauthenticated
from backend.runtime_protocol import runtime_of

COOKIE = "helpcare_visitor"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits
_YEAR_S = 365 * 24 * 3600


def token_thread(token: str) -> str:
    """The visitor's thread: the hash of their secret, so that what we store lets nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()


def visitor_of(request: Request) -> str | None:
    """The thread of whoever asks, if they are a visitor."""
    token = request.cookies.get(COOKIE, "")
    return token_thread(token) if _TOKEN.fullmatch(token) else None


def require_visitor(request: Request) -> str:
    """The same for whoever must have opened the chat before."""
    thread = visitor_of(request)
    if thread is None:
        raise Unauthenticated("Abra primero el chat")
    return thread


def remember(request: Request, response: Response) -> str:
    """The visitor's thread, giving a new one their secret. A known one keeps it a year more."""
    thread = visitor_of(request)
    token = request.cookies[COOKIE] if thread else secrets.token_urlsafe(32)
    public_url = runtime_of(request).settings.public_url or ""
    response.set_cookie(
        COOKIE,
        token,
        max_age=_YEAR_S,
        path="/chat",
        httponly=True,
        samesite="lax",
        secure=public_url.startswith("https://") or request.url.scheme == "https",
    )
    return thread or token_thread(token)
