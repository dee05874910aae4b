"""The internal port: is the process alive, can it work, what has it counted. Not to be published.

``/healthz`` answers as long as the process runs. ``/readyz`` is 200 while the database answers: without Redis it is
``degraded``, which is still ready, since no balance depends on it. ``/metrics`` is Prometheus' text format.
"""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec
import structlog
from redis.asyncio import Redis

from api.asgi import App, Receive, Scope, Send
from api.metrics import exposition
from kernel.clock import Clock
from kernel.database import Database
from kernel.outbox import OutboxState, outbox_state

_PATIENCE_S: Final = 2.0

Answer: TypeAlias = tuple[int, str, bytes]
"""Status, media type, body."""

log = structlog.get_logger()


def internal_app(database: Database, redis: "Redis", *, clock: Clock) -> App:
    """The ASGI application of the internal port."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/healthz":
            answer = _json(200, {"status": "alive"})
        elif scope["path"] == "/readyz":
            answer = await _readiness(database, redis)
        elif scope["path"] == "/metrics":
            answer = await _metrics(database, now=clock())
        else:
            answer = _json(404, {"status": "no such page"})
        await _send(answer, send)

    return app


async def _readiness(database: Database, redis: "Redis") -> Answer:
    database_up, redis_up = await asyncio.gather(_answers(database.ping()), _answers(redis.ping()))
    status = "unavailable" if not database_up else "ready" if redis_up else "degraded"
    parts = {"status": status, "database": _word(up=database_up), "redis": _word(up=redis_up)}
    return _json(200 if database_up else 503, parts)


async def _answers(question: "Awaitable[object]") -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await question
    except Exception as error:
        log.warning("not_reachable", error=type(error).__name__)
        return False
    return True


def _word(*, up: bool) -> str:
    return "up" if up else "down"


async def _metrics(database: Database, *, now: datetime) -> Answer:
    """Figures of this process, and the outbox's as the database has it. Without the database: the former only."""
    gauges: list[tuple[str, str, float]] = []
    try:
        async with asyncio.timeout(_PATIENCE_S), database.read() as session:
            gauges = _outbox_gauges(await outbox_state(session), now=now)
    except Exception as error:
        log.warning("outbox_not_measured", error=type(error).__name__)
    return 200, "text/plain; version=0.0.4; charset=utf-8", exposition(gauges)


def _outbox_gauges(state: OutboxState, *, now: datetime) -> list[tuple[str, str, float]]:
    lag = max(0.0, (now - state.oldest_at).total_seconds()) if state.oldest_at else 0.0
    return [
        ("comeback_outbox_events", "Published events that no worker has taken yet.", state.to_spread),
        ("comeback_outbox_deliveries", "Deliveries to be made.", state.to_deliver),
        ("comeback_outbox_retrying", "Deliveries that failed and wait for another try.", state.retrying),
        ("comeback_outbox_parked", "Deliveries that failed for good and wait for a person.", state.parked),
        ("comeback_outbox_lag_seconds", "Age of the oldest event that is still to be delivered.", lag),
    ]


def _json(status: int, content: dict[str, Any]) -> Answer:
    return status, "application/json", msgspec.json.encode(content)


async def _send(answer: Answer, send: Send) -> None:
    status, media_type, body = answer
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
