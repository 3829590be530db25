"""Limits count across processes, and go on alone while Redis is away."""

import asyncio

import pytest
from redis.asyncio import Redis
from support.servers import valkey_url

from backend.limits import Limits
from backend.problems import TooMany


@pytest.fixture
async def redis():
    redis = Redis.from_url(valkey_url(4))
    await redis.flushdb()
    yield redis
    await redis.aclose()


async def test_two_processes_share_a_limit(redis):
    one, other = Limits(redis), Limits(redis)
    waits = [await limits.take("k", most=3, per_s=60) for limits in (one, other, one, other)]
    assert waits[:3] == [0, 0, 0]
    assert 59 < waits[3] <= 60
    assert await one.take("another", most=3, per_s=60) == 0


async def test_exactly_so_many_pass_at_once(redis):
    limits = Limits(redis)
    waits = await asyncio.gather(*(limits.take("k", most=7, per_s=60) for _ in range(50)))
    assert waits.count(0) == 7


async def test_the_window_ends_even_for_who_keeps_knocking(redis):
    limits = Limits(redis)
    assert await limits.take("k", most=1, per_s=0.2) == 0
    while (wait := await limits.take("k", most=1, per_s=0.2)) > 0:
        assert wait <= 0.2
        await asyncio.sleep(0.02)


async def test_require_says_when_to_come_again(redis):
    limits = Limits(redis)
    await limits.require("k", most=1, per_s=30, detail="despacio")
    with pytest.raises(TooMany, match="despacio") as refused:
        await limits.require("k", most=1, per_s=30, detail="despacio")
    assert 1 <= refused.value.extra["retry_after"] <= 30


async def test_without_redis_each_process_counts_alone(unused_tcp_port):
    redis = Redis.from_url(f"redis://127.0.0.1:{unused_tcp_port}", socket_connect_timeout=0.2)
    limits = Limits(redis)
    waits = [await limits.take("k", most=2, per_s=60) for _ in range(3)]
    assert waits[:2] == [0, 0]
    assert 59 < waits[2] <= 60
    await redis.aclose()
