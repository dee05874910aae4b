"""Health, metrics and logs."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from api.asgi import Receive, Scope, Send
from api.internal import internal_app
from api.logging import BLANK, remove_private
from api.metrics import REGISTRY
from api.observing import observed
from api.services import Services
from kernel.database import Database, driver
from kernel.events import publish
from loyalty.events import MemberEnrolled
from tests.clocks import MovableClock

pytestmark = pytest.mark.anyio

NOWHERE = "127.0.0.1:1"


def nowhere_redis() -> Redis:
    return Redis.from_url(f"redis://{NOWHERE}", retry=Retry(NoBackoff(), 0))


async def ask(database: Database, redis: Redis, path: str, *, clock: MovableClock | None = None) -> httpx.Response:
    app = internal_app(database, redis, clock=clock or MovableClock())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://internal.test") as client:
        return await client.get(path)


async def test_a_process_without_database_is_alive_and_not_ready() -> None:
    database, redis = Database(f"postgresql+asyncpg://nobody:x@{NOWHERE}/none", pool_size=1), nowhere_redis()
    assert (await ask(database, redis, "/healthz")).status_code == 200
    answer = await ask(database, redis, "/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "database": "down", "redis": "down"},
    )
    await redis.aclose()
    await database.close()


async def test_without_redis_a_process_is_degraded_and_ready(services: Services) -> None:
    redis = nowhere_redis()
    answer = await ask(services.database, redis, "/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    await redis.aclose()
    answer = await ask(services.database, services.redis, "/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


async def test_what_the_outbox_has_left_to_do_is_a_metric(services: Services, clock: MovableClock) -> None:
    async with services.database.write() as session:
        await publish(await driver(session), [MemberEnrolled(member_id=1, enrolled_at=clock())], now=clock())
        await session.commit()
    clock.advance(seconds=90)
    lines = (await ask(services.database, services.redis, "/metrics", clock=clock)).text.splitlines()
    assert "comeback_outbox_events 1.0" in lines
    assert "comeback_outbox_lag_seconds 90.0" in lines
    assert "comeback_outbox_parked 0.0" in lines


class Route:
    """What Litestar leaves in the scope."""

    operation_id = "testOperation"


async def test_a_request_is_counted_by_operation_and_status() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route_handler"] = Route()
        await send({"type": "http.response.start", "status": 422, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing(*_: object) -> dict[str, Any]:
        return {}

    await asyncio.gather(*(observed(app)({"type": "http", "path": "/", "state": {}}, nothing, nothing) for _ in "ab"))
    labels = {"operation": "testOperation", "status": "422"}
    assert REGISTRY.get_sample_value("comeback_request_duration_seconds_count", labels) == 2


@pytest.mark.parametrize(
    "leak",
    [
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZW1iZXIifQ.c2lnbmF0dXJl",
        "anna.smirnova@example.com",
        "+7 921 555-01-23",
        ["password is hunter2hunter2", "postgresql://owner:hunter2hunter2@db/comeback"][1],
    ],
)
def test_no_log_record_names_a_person_or_opens_a_door(leak: str) -> None:
    event = remove_private(None, "info", {"event": f"failed for {leak}", "phone": leak, "attempt": 3})
    assert leak not in json.dumps(event)
    assert "hunter2" not in json.dumps(event)
    assert (event["phone"], event["attempt"]) == (BLANK, 3)
