"""Limits of frequency: fixed windows counted in Redis, or in this process while Redis is gone.

They keep a service usable and are no security by themselves: what must be exact (tries of a PIN, of a code) is
counted in PostgreSQL. Answers carry ``RateLimit`` and ``RateLimit-Policy`` (draft-ietf-httpapi-ratelimit-headers).
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import structlog
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Message, Scope
from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.callers import TerminalCaller
from kernel.clock import Clock
from kernel.errors import TooManyError

_STATE_KEY: Final = "rate_limit"
_REDIS_REST_S: Final = 1.0
"""After a failure Redis is left alone for so long, or each request would wait for its time-out."""
_MOST_COUNTED: Final = 50_000

log = structlog.get_logger()


class RateLimitedError(TooManyError):
    """More than ``most`` requests of the kind ``limit`` in ``window_s`` seconds."""

    code = "rate_limited"
    title = "Too many requests of this kind. Slow down."


class Limit(Struct, frozen=True):
    """At most ``most`` in each window of ``window_s`` seconds, for each subject."""

    name: str
    most: int
    window_s: int


class Allowance(Struct, frozen=True):
    """What a subject has left in the present window."""

    limit: Limit
    left: int
    reset_s: int


class RateLimiter:
    """Counts takes by subject. One per process; Redis makes the processes count together."""

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._redis_rests_until = 0.0
        self._counts: dict[str, int] = {}

    async def take(self, limit: Limit, subject: str) -> Allowance:
        """Use up one. ``subject`` is no personal data: an id, an address, or a hash. Raises ``RateLimitedError``."""
        now = self._clock().timestamp()
        window, elapsed = divmod(now, limit.window_s)
        reset_s = max(1, round(limit.window_s - elapsed))
        count = await self._count(f"comeback:limit:{limit.name}:{subject}:{int(window)}", limit.window_s)
        if count > limit.most:
            raise RateLimitedError(retry_after_s=reset_s, limit=limit.name, most=limit.most, window_s=limit.window_s)
        return Allowance(limit, limit.most - count, reset_s)

    async def _count(self, key: str, window_s: int) -> int:
        present = asyncio.get_running_loop().time()
        if present >= self._redis_rests_until:
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    pipeline.incr(key)
                    pipeline.expire(key, 2 * window_s)
                    return int((await pipeline.execute())[0])
            except (RedisError, OSError) as error:
                self._redis_rests_until = present + _REDIS_REST_S
                log.warning("redis_unreachable", error=repr(error))
        while len(self._counts) >= _MOST_COUNTED:
            del self._counts[next(iter(self._counts))]
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count


@dataclass(frozen=True)
class LimitGuard:
    """Takes one of the ``limit`` for the caller, or for the client's address where nobody has to sign in.

    A hub may take as many as it and the terminals that it acts for would take on their own.
    """

    limit: Limit

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        caller = connection.scope.get("user")
        subject = caller.client if caller is not None else address_of(connection) or "unknown"
        terminals = 1 + len(caller.acts_for) if isinstance(caller, TerminalCaller) else 1
        limit = replace(self.limit, most=self.limit.most * terminals)
        limiter: RateLimiter = connection.app.state.services.rate_limiter
        state = connection.scope["state"]
        try:
            state[_STATE_KEY] = await limiter.take(limit, subject)
        except RateLimitedError as error:
            state[_STATE_KEY] = Allowance(limit, 0, error.retry_after_s)
            raise


def limited(limit: Limit) -> LimitGuard:
    """A guard that keeps to the ``limit``."""
    return LimitGuard(limit)


async def tell_rate_limit(message: Message, scope: Scope) -> None:
    """A ``before_send`` hook: adds what is left to the answer's headers."""
    if message["type"] != "http.response.start":
        return
    allowance: Allowance | None = scope["state"].get(_STATE_KEY)
    if allowance is not None:
        limit = allowance.limit
        message["headers"] = [
            *message.get("headers", ()),
            (b"ratelimit-policy", f'"{limit.name}";q={limit.most};w={limit.window_s}'.encode()),
            (b"ratelimit", f'"{limit.name}";r={allowance.left};t={allowance.reset_s}'.encode()),
        ]


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Whence a request came, as the server in front of this says."""
    return connection.client.host if connection.client else None
