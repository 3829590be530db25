"""How often somebody may do something: fixed windows counted on Redis across all processes."""

import asyncio
import math
import time

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend.problems import TooMany

log = structlog.get_logger()

# One round trip, and the window starts with its first use. A refused try is not counted, so that
# whoever keeps knocking gets in again when the window ends.
_COUNT = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
if used >= tonumber(ARGV[1]) then
    return redis.call('PTTL', KEYS[1])
end
if redis.call('INCR', KEYS[1]) == 1 then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
"""
_LOCAL_KEYS = 10_000


class Limits:
    """Counts uses per key. While Redis is away each process counts alone: nothing is refused
    because of that, and nobody gets unlimited tries either.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = redis.register_script(_COUNT)
        self._local: dict[str, tuple[int, float]] = {}  # uses, end of the window (monotonic s)

    async def take(self, key: str, *, most: int, per_s: float) -> float:
        """Count one use: 0 if among the first ``most`` of its window, else seconds to wait."""
        try:
            async with asyncio.timeout(1):
                wait_ms = await self._script(
                    keys=[f"helpcare:limit:{key}"], args=[most, int(per_s * 1000)]
                )
            return max(0, int(wait_ms)) / 1000
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("limits.alone", error=type(error).__name__)
            return self._take_alone(key, most=most, per_s=per_s)

    async def require(self, key: str, *, most: int, per_s: float, detail: str) -> None:
        """The same, raising :class:`TooMany` with ``retry_after`` in whole seconds."""
        if wait := await self.take(key, most=most, per_s=per_s):
            raise TooMany(detail, retry_after=math.ceil(wait))

    def _take_alone(self, key: str, *, most: int, per_s: float) -> float:
        now = time.monotonic()
        if len(self._local) > _LOCAL_KEYS:
            self._local = {k: entry for k, entry in self._local.items() if entry[1] > now}
        used, end = self._local.get(key, (0, 0.0))
        if end <= now:
            used, end = 0, now + per_s
        if used >= most:
            return end - now
        self._local[key] = (used + 1, end)
        return 0
