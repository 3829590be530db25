"""Server-sent events: live hints from :mod:`backend.live` as a response that ends when it must."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fastapi.responses import StreamingResponse

from backend.live import Live

CHECK_EVERY_S = 4.0  # a signed-out console must fall silent within five seconds
Hint = dict[str, Any]


def _always_news(_hint: Hint) -> set[str]:
    return {"news"}


class EventStream(StreamingResponse):
    """``text/event-stream`` of one or more topics.

    Each hint becomes the events that ``names`` gives it. ``tick`` comes at once, now and then, and
    while no hints can be had: pages look for themselves then. Hints within ``gather_s`` seconds
    are told once. ``still_allowed`` is asked every :data:`CHECK_EVERY_S`; the stream ends with
    ``ended`` when it says no.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        live: Live,
        *topics: str,
        names: Callable[[Hint], set[str]] = _always_news,
        gather_s: float = 0.0,
        still_allowed: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        stream = _Stream(live.subscribe(*topics), names, gather_s, still_allowed)
        super().__init__(
            stream.run(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )


@dataclass(slots=True)
class _Stream:
    hints: AsyncIterator[Hint | None]
    names: Callable[[Hint], set[str]]
    gather_s: float
    still_allowed: Callable[[], Awaitable[bool]] | None
    next_hint: asyncio.Task[Hint | None] | None = None

    async def run(self) -> AsyncIterator[bytes]:
        yield b"retry: 3000\n" + _encode("tick")
        clock = asyncio.get_running_loop().time
        check_at = clock()
        try:
            while True:
                if clock() >= check_at:
                    if self.still_allowed is not None and not await self.still_allowed():
                        yield _encode("ended")
                        return
                    check_at = clock() + CHECK_EVERY_S
                for name in sorted(await self._gather(until=check_at)):
                    yield _encode(name)
        finally:
            if self.next_hint is not None:
                self.next_hint.cancel()
                with suppress(asyncio.CancelledError):
                    await self.next_hint

    async def _gather(self, *, until: float) -> set[str]:
        """The events of the next hints; empty when none came before ``until`` (loop time)."""
        clock = asyncio.get_running_loop().time
        names: set[str] = set()
        while True:
            if self.next_hint is None:
                self.next_hint = asyncio.ensure_future(anext(self.hints))
            done, _ = await asyncio.wait({self.next_hint}, timeout=max(0, until - clock()))
            if not done:
                return names
            hint = self.next_hint.result()
            self.next_hint = None
            if not names:
                until = clock() + self.gather_s
            names |= {"tick"} if hint is None else self.names(hint)
            if self.gather_s == 0:
                return names


def _encode(event: str) -> bytes:
    return f"event: {event}\ndata: {{}}\n\n".encode()
