"""Limits hold with Redis, over several processes, and without it."""

import pytest
from redis.asyncio import Redis

from api.rate_limits import Limit, RateLimitedError, RateLimiter
from api.services import Services
from tests.clocks import MovableClock

THREE_A_MINUTE = Limit("test", 3, 60)


async def takes(limiter: RateLimiter, subject: str, times: int) -> int:
    """How many of ``times`` were allowed."""
    allowed = 0
    for _ in range(times):
        try:
            await limiter.take(THREE_A_MINUTE, subject)
        except RateLimitedError:
            continue
        allowed += 1
    return allowed


async def test_processes_count_together_through_redis(services: Services, clock: MovableClock) -> None:
    one, other = RateLimiter(services.redis, clock), RateLimiter(services.redis, clock)
    assert await takes(one, "till-1", 2) + await takes(other, "till-1", 2) == 3
    assert await takes(other, "till-2", 5) == 3


@pytest.mark.parametrize("window", [1, 2])
async def test_without_redis_a_process_counts_by_itself(clock: MovableClock, window: int) -> None:
    gone = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.1)
    limiter = RateLimiter(gone, clock)
    for _ in range(window):
        assert await takes(limiter, "till-1", 5) == 3
        clock.advance(seconds=60)
    await gone.aclose()


async def test_a_refusal_says_when_the_window_ends(services: Services, clock: MovableClock) -> None:
    limiter = RateLimiter(services.redis, clock)
    clock.set(clock().replace(second=45, microsecond=0))
    assert (await limiter.take(THREE_A_MINUTE, "till-1")).reset_s == 15
    await takes(limiter, "till-1", 2)
    with pytest.raises(RateLimitedError) as refusal:
        await limiter.take(THREE_A_MINUTE, "till-1")
    assert refusal.value.retry_after_s == 15
