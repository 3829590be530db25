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

log = structlog.get_logger()


class Live:
    """Publish and subscribe on Redis; every failure is only a missed hint."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, topic: str, data: dict[str, Any]) -> None:
        """Tell whoever listens, at once; call it after the commit."""
        try:
            async with asyncio.timeout(1):
                await self._redis.publish(f"helpcare:{topic}", orjson.dumps(data))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning(
                "live.publish_failed",
                topic=topic.split(":", maxsplit=1)[0],
                error=type(error).__name__,
            )

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
