"""Whatever is killed under load: what was acknowledged is there, and what is sent again happens once."""

import asyncio
import random

import pytest

from api.services import Services
from kernel.database import driver
from loyalty.members.ids import member_id_of
from tests.faults.books import assert_everything_happened_once, assert_nothing_acknowledged_is_lost
from tests.faults.installation import Installation
from tests.faults.load import Load

pytestmark = pytest.mark.anyio

KILLS = pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.nightly)])

COUNTED = """
SELECT coalesce(sum(purchases_count), 0)::bigint AS purchases, coalesce(sum(spend_minor), 0)::bigint AS spend
FROM member_fact WHERE member_id = ANY($1)
"""
WAITING = "SELECT (SELECT count(*) FROM outbox_event) + (SELECT count(*) FROM outbox_delivery)"


def some(kills: int) -> list[int]:
    """How many requests are answered before each kill."""
    chance = random.Random(kills)
    return [chance.randint(30, 60) for _ in range(kills)]


@KILLS
async def test_a_killed_server_loses_no_acknowledged_receipt_and_doubles_none(
    installation: Installation, load: Load, kills: int
) -> None:
    for answered in some(kills):
        async with load.running():
            await load.more(answered)
            failed = load.failed
            installation.kill("serve")
            await load.until(lambda failed=failed: load.failed > failed)  # type: ignore[misc]
        await installation.start_server()
    async with installation.services() as services:
        await assert_nothing_acknowledged_is_lost(services, load)
        await load.send_everything_again()
        await assert_everything_happened_once(services, load)


@KILLS
async def test_a_killed_postgresql_is_survived_by_the_server_and_loses_no_acknowledged_receipt(
    installation: Installation, load: Load, kills: int
) -> None:
    for answered in some(kills):
        async with load.running():
            await load.more(answered)
            failed, address = load.failed, installation.postgres.app_url
            installation.kill_engine("postgres")
            await load.until(lambda failed=failed: load.failed > failed)  # type: ignore[misc]
            assert installation.start_postgres().app_url == address
            await load.more(answered // 2)
    async with installation.services() as services:
        await assert_nothing_acknowledged_is_lost(services, load)
        await load.send_everything_again()
        await assert_everything_happened_once(services, load)


@KILLS
async def test_a_killed_and_flushed_valkey_is_not_noticed_by_a_till(
    installation: Installation, load: Load, kills: int
) -> None:
    for answered in some(kills):
        async with load.running():
            await load.more(answered)
            async with installation.services() as services:
                await services.redis.flushall()
            await load.more(answered // 2)
            installation.kill_engine("valkey")
            await load.more(answered)
            await look_somebody_up(load)
            installation.start_valkey()
            await until_counted_in_valkey(installation, load)
    assert load.failed == 0
    async with installation.services() as services:
        await assert_nothing_acknowledged_is_lost(services, load)
        await load.send_everything_again()
        await assert_everything_happened_once(services, load)


async def look_somebody_up(load: Load) -> None:
    """What Valkey counts. Without it the server counts by itself, and says so with the same headers."""
    body = {"external_system": "faults", "external_id": f"{load.run}-0"}
    answer = await load.client.post("/v1/pos/lookups", json=body, headers=load.headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["ratelimit"].startswith('"lookups";r=')


async def until_counted_in_valkey(installation: Installation, load: Load) -> None:
    """The server finds Valkey again by itself, a second after it lost it."""
    async with installation.services() as services:
        while not await services.redis.keys("comeback:limit:lookups:*"):
            await look_somebody_up(load)
            await asyncio.sleep(0.25)


@KILLS
async def test_a_killed_worker_counts_each_sale_once(installation: Installation, load: Load, kills: int) -> None:
    """Its batches are cut at a moment of chance here; ``tests/worker`` cuts one between its effect and its commit."""
    async with installation.services() as services:
        for answered in some(kills):
            async with load.running():
                await load.more(answered)
                counted = (await counted_by_worker(services, load))[0]
                installation.start_worker()
                while (await counted_by_worker(services, load))[0] == counted:  # noqa: ASYNC110 - the worker's doing
                    await asyncio.sleep(0.005)
                installation.kill("worker")
        installation.start_worker()
        wanted = load.expected()
        while await deliveries_waiting(services):  # noqa: ASYNC110 - the worker's doing
            await asyncio.sleep(0.05)
        await installation.stop("worker")
        assert await counted_by_worker(services, load) == (
            wanted.purchases,
            wanted.sold_minor - wanted.refunded_minor,
        )
        await assert_everything_happened_once(services, load)


async def counted_by_worker(services: Services, load: Load) -> tuple[int, int]:
    """Purchases and net spend that the worker has noted for the run's members."""
    async with services.database.read() as session:
        row = await (await driver(session)).fetchrow(COUNTED, [member_id_of(member) for member in load.members])
    assert row is not None, "a sum has a row"
    return row["purchases"], row["spend"]


async def deliveries_waiting(services: Services) -> int:
    async with services.database.read() as session:
        return int(await (await driver(session)).fetchval(WAITING))
