"""Refuses a request body that is too large before it is read in.

FastAPI's own ``max_body_size`` does the same, but answers in plain text where we owe a problem.
"""

from collections.abc import Mapping

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Plain ASGI middleware. ``by_prefix``: paths that may take more, such as uploads; bytes.

    An announced length is judged at once; an unannounced (chunked) one while it arrives, so that
    no more than the limit is ever held.
    """

    def __init__(self, app: ASGIApp, *, most: int, by_prefix: Mapping[str, int]) -> None:
        self._app = app
        self._most = most
        self._by_prefix = by_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = next(
            (
                limit
                for prefix, limit in self._by_prefix.items()
                if scope["path"].startswith(prefix)
            ),
            self._most,
        )
        announced = Headers(scope=scope).get("content-length")
        if announced is not None and (not announced.isdecimal() or int(announced) > most):
            await _refuse(send, most)
            return
        got = 0
        started = False
        refused = False

        async def bounded_receive() -> Message:
            nonlocal got, refused
            message = await receive()
            if message["type"] == "http.request":
                got += len(message.get("body", b""))
                if got > most:
                    refused = True
                    return {"type": "http.disconnect"}
            return message

        async def watched_send(message: Message) -> None:
            nonlocal started
            if refused and not started:
                return  # the application's answer to the cut-off body is not the real one
            started = True
            await send(message)

        try:
            await self._app(scope, bounded_receive, watched_send)
        finally:
            if refused and not started:
                await _refuse(send, most)


async def _refuse(send: Send, most: int) -> None:
    body = orjson.dumps(
        {"title": "Too large", "status": 413, "detail": f"At most {most} bytes are accepted here"}
    )
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
