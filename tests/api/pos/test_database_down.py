"""The database is gone: every way in says so, nothing is half done, and the same requests work when it is back."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx
import pytest
from litestar import Litestar

from api.app import create_app
from api.engines import PostgresServer, embedded_postgres, scratch_data_dir
from api.services import Services
from kernel.settings import Settings
from loyalty.members.ids import member_public_id
from migrations.running import migrate
from tests.clocks import MovableClock
from tests.conftest import APP_ROLE, Engines
from tests.journeys.tills import balances, basket, done, fetch, line, receipt, refund, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified


class Mortal:
    """A PostgreSQL that can be killed and started again at the same address."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._running = ExitStack()
        self.server = self.start()

    def start(self) -> PostgresServer:
        self.server = self._running.enter_context(embedded_postgres(self._directory, durable=True, say=lambda _: None))
        return self.server

    def kill(self) -> None:
        """As if its machine had lost power; what is left of it is cleared away."""
        os.kill(self.server.pid, signal.SIGKILL)
        self._running.close()

    def close(self) -> None:
        self._running.close()


@pytest.fixture
def postgres() -> Iterator[Mortal]:
    with scratch_data_dir() as directory:
        mortal = Mortal(directory)
        yield mortal
        mortal.close()


@pytest.fixture
async def fragile(postgres: Mortal, engines: Engines) -> AsyncIterator[Litestar]:
    """An application of its own on that PostgreSQL."""
    await migrate(postgres.server.owner_url, app_role=APP_ROLE)
    settings = Settings(
        database_url=postgres.server.owner_url,
        app_database_url=postgres.server.app_url,
        redis_url=engines.redis_url,
        data_dir=engines.data_dir,
        phone_region="RU",
    )
    application = create_app(settings, clock=MovableClock())
    async with application.lifespan():
        yield application


@pytest.fixture
async def client(fragile: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(fragile, raise_app_exceptions=False)  # type: ignore[arg-type]  # its types are looser
    async with httpx.AsyncClient(transport=transport, base_url="http://comeback.test") as opened:
        yield opened


@pytest.fixture
def services(fragile: Litestar) -> Services:
    opened: Services = fragile.state.services
    return opened


async def till_and_member(services: Services, client: httpx.AsyncClient) -> tuple[Till, dict[str, str]]:
    """A till that has sold to a member for 100.00."""
    shop = Shop(services, client)
    spending = {"value": {"points": 1, "minor": 100}, "needs_proof": False}
    await publish(services, programme(rate(), spending=spending, refunds={"without_receipt": True}))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("sold", member=member))
    return till, member


async def test_every_way_in_answers_503_and_works_when_the_database_is_back(
    services: Services, client: httpx.AsyncClient, postgres: Mortal
) -> None:
    till, member = await till_and_member(services, client)
    requests = {
        "lookups": {"phone": "+79990000001"},
        "registrations": {"phone": "+79990000055"},
        "quotes": basket(member=member),
        "holds": basket(member=member, points=10),
        "purchases": sale("new", member=member),
        "refund-quotes": {"original": {"receipt": receipt("sold")}},
        "refunds": refund("sold", lines=[{"id": "1", "quantity": "0.5"}]),
        "exchanges": {"refund": refund("sold", "r2"), "purchase": sale("other", member=member)},
        "returns": {
            "member": member,
            "receipt": receipt("r3"),
            "occurred_at": "2026-03-02T09:00:00Z",
            "currency": "RUB",
            "lines": [line("1", 500)],
        },
        "voids": {"receipt": receipt("never")},
        "receipt-searches": {"receipt": receipt("sold")},
        "batches": {"items": [{"key": "b", "kind": "purchase", "purchase": sale("batched", member=member)}]},
        "shift-reports": {
            "business_date": "2026-03-02",
            "sales": {"count": 0, "total_minor": 0},
            "refunds": {"count": 0, "total_minor": 0},
        },
    }
    postgres.kill()
    for path, body in requests.items():
        answer = await send(client, till, path, body, key=path)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
        assert answer.headers["retry-after"]
    postgres.start()
    assert await fetch(services, "SELECT (SELECT count(*) FROM purchase), (SELECT count(*) FROM idempotency_key)") == [
        (1, 1)
    ]
    expected_404 = {"lookups"}
    for path, body in requests.items():
        answer = await send(client, till, path, body, key=path)
        assert answer.is_success or path in expected_404, (path, answer.text)
    # 100 for the first sale, of which all came back; 100 each for three more; less what 5.00 earn.
    assert await balances(services) == [295]
    await assert_verified(services)


async def test_a_queue_whose_database_dies_on_the_way_is_recorded_once_when_it_is_sent_again(
    services: Services, client: httpx.AsyncClient, postgres: Mortal
) -> None:
    till, member = await till_and_member(services, client)
    items = [
        {"key": f"k{n}", "kind": "purchase", "purchase": sale(str(n), line("1", 100), member=member)}
        for n in range(500)
    ]
    sending = asyncio.create_task(send(client, till, "batches", {"items": items}))
    watching = await asyncpg.connect(postgres.server.owner_url.replace("+asyncpg", ""))
    while await watching.fetchval("SELECT count(*) FROM purchase") < 2:
        await watching.execute("SELECT pg_sleep(0.001)")
    postgres.kill()
    watching.terminate()
    answer = await sending
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    postgres.start()
    again = await send(client, till, "batches", {"items": items})
    assert {item["status"] for item in again.json()["items"]} == {201}
    assert await fetch(services, "SELECT count(*) FROM purchase") == [(501,)]
    assert await balances(services) == [600]
    await assert_verified(services)
