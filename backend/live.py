"""Live events to open pages, across processes. Losing them loses nothing: pages also poll.

Topics: ``console`` (something changed in a conversation or ticket; data
``{"conversation": id, "ticket": number}``) and ``chat:{thread}`` (a web-chat visitor has news).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

_GATHER_S = 0.01  # how long hints are gathered into one round trip
log = structlog.get_logger()


class Live:
    """Publish and subscribe on Redis; every failure is only a missed hint."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[tuple[str, bytes], None] = {}  # in the order of saying
        self._telling: asyncio.Task[None] | None = None

    def publish(self, topic: str, data: dict[str, Any]) -> None:
        """Tell whoever listens, very soon; call it after the commit.

        Never waits: what is said within a moment travels together, and the same hint once.
        """
        self._waiting[topic, orjson.dumps(data)] = None
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def close(self) -> None:
        """Say what is still waiting."""
        if self._telling is not None:
            await self._telling

    async def _tell(self) -> None:
        while self._waiting:
            await asyncio.sleep(_GATHER_S)
            hints, self._waiting = self._waiting, {}
            pipeline = self._redis.pipeline(transaction=False)
            for topic, data in hints:
                pipeline.publish(f"helpcare:{topic}", data)
            try:
                async with asyncio.timeout(1):
                    await pipeline.execute()
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("live.publish_failed", hints=len(hints), error=type(error).__name__)

    async def subscribe(self, *topics: str) -> AsyncIterator[dict[str, Any] | None]:
        """Yield events as they come, and ``None`` every 15 s or while Redis is away."""
        while True:
            with suppress(RedisError, OSError):
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(*(f"helpcare:{topic}" for topic in topics))
                    while True:
                        event = await pubsub.get_message(ignore_subscribe_messages=True, timeout=15)
                        yield orjson.loads(event["data"]) if event else None
            yield None
            await asyncio.sleep(2)
