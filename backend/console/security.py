"""What every response says to browsers, and which requests of browsers are refused.

Plain ASGI middleware, so that streams pass through untouched.
"""

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# No cookie counts there: a provider's signature or a bearer token does.
_WITHOUT_COOKIES = ("/webhooks/", "/api/")


class BrowserSecurity:
    """Adds security headers to every response and refuses cross-site writes (CSRF).

    ``secure``: the public URL is https, so browsers are told to stay there.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["path"].startswith("/webhooks/"):
            await self._app(scope, receive, send)  # no browser reads what a provider is answered
            return

        if refusal := cross_site(scope["method"], scope["path"], Headers(scope=scope)):
            await _refuse(refusal, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


def cross_site(method: str, path: str, headers: Headers) -> str | None:
    """Why this request must not change anything here, if so. Pure.

    Browsers say where a request comes from (``Sec-Fetch-Site``, older ones ``Origin``); a program
    says neither and carries no cookie that it was not given.
    """
    if method in _SAFE or path.startswith(_WITHOUT_COOKIES):
        return None
    if site := headers.get("sec-fetch-site"):
        return None if site in {"same-origin", "none"} else "The request comes from another site"
    origin = headers.get("origin")
    # the scheme is left out: a proxy may end TLS before us
    if origin is None or origin.partition("://")[2] == headers.get("host"):
        return None
    return "The request comes from another origin"


async def _refuse(reason: str, send: Send) -> None:
    body = orjson.dumps({"title": "Not allowed", "status": 403, "detail": reason})
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
