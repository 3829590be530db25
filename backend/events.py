"""Server-sent events: live hints from :mod:`backend.live` as a response that ends when it must."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from fastapi.responses import StreamingResponse

from backend.live import Live

CHECK_EVERY_S = 4.0  # a signed-out console must fall silent within five seconds


class EventStream(StreamingResponse):
    """``text/event-stream`` of one or more topics: ``news`` with a hint's data, ``tick`` now and
    then without (also while no hints can be had: pages look for themselves then).

    ``still_allowed`` is asked every :data:`CHECK_EVERY_S`; the stream ends once it says no. The
    first event comes at once, so that a page that reconnects catches up.
    """

    media_type = "text/event-stream"

    def __init__(
        self, live: Live, *topics: str, still_allowed: Callable[[], Awaitable[bool]] | None = None
    ) -> None:
        super().__init__(
            _stream(live, topics, still_allowed),
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


async def _stream(
    live: Live, topics: tuple[str, ...], still_allowed: Callable[[], Awaitable[bool]] | None
) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n" + _TICK
    clock = asyncio.get_running_loop().time
    hints = live.subscribe(*topics)
    waiting: asyncio.Task[dict[str, Any] | None] | None = None
    check_at = clock()
    try:
        while True:
            if clock() >= check_at:
                if still_allowed is not None and not await still_allowed():
                    yield _encode("ended", "{}")
                    return
                check_at = clock() + CHECK_EVERY_S
            if waiting is None:
                waiting = asyncio.ensure_future(anext(hints))
            done, _ = await asyncio.wait({waiting}, timeout=max(0, check_at - clock()))
            if done:
                hint = waiting.result()
                waiting = None
                yield _TICK if hint is None else _encode("news", orjson.dumps(hint).decode())
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting


def _encode(event: str, data: str) -> bytes:
    return f"event: {event}\ndata: {data}\n\n".encode()


_TICK = _encode("tick", "{}")
