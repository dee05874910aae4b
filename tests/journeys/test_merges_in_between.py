"""Members turn out to be one person while a till is doing something for one of them: it happens for the survivor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from loyalty.members.merging import merge_members
from tests.journeys.tills import balances, done, fetch, line, refund, sale, send
from tests.loyalty.imports.moving import FILES, LOTS, apply
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@asynccontextmanager
async def merging(services: Services, source_id: int, target_id: int) -> AsyncIterator[None]:
    """A merge that has taken its locks, and is committed as soon as what the block started waits for them."""
    async with services.database.write() as session:
        await merge_members(
            session, source_id=source_id, target_id=target_id, actor="staff:x", reason="twins", now=services.clock()
        )
        yield
        while await fetch(services, _WAITERS) == [(0,)]:  # noqa: ASYNC110 - PostgreSQL tells of waiters only when asked
            await asyncio.sleep(0.01)
        await session.commit()


@pytest.mark.parametrize("survivor_is_later", [True, False])
async def test_a_claim_is_the_survivors(
    services: Services, client: httpx.AsyncClient, shop: Shop, survivor_is_later: bool
) -> None:
    await publish(services)
    till = await shop.till()
    code = (await done(client, till, "purchases", sale("guest")))["claim_code"]
    leaving, staying = sorted([await shop.member(), await shop.member()], reverse=not survivor_is_later)
    body = {"claim_code": code, "member": {"id": member_public_id(leaving)}}
    async with merging(services, leaving, staying):
        claim = asyncio.create_task(send(client, till, "claims", body))
    claimed = await claim
    assert claimed.status_code == 201, claimed.text
    assert await fetch(services, "SELECT member_id FROM purchase") == [(staying,)]
    await assert_verified(services)


@pytest.mark.parametrize("survivor_is_later", [True, False])
@pytest.mark.parametrize("same_member", [True, False])
async def test_both_halves_of_an_exchange_are_the_survivors(
    services: Services, client: httpx.AsyncClient, shop: Shop, survivor_is_later: bool, same_member: bool
) -> None:
    await publish(services)
    till = await shop.till()
    leaving, staying = sorted([await shop.member(), await shop.member()], reverse=not survivor_is_later)
    buyer = {"id": member_public_id(leaving if same_member else staying)}
    await done(client, till, "purchases", sale("1", member={"id": member_public_id(leaving)}))
    body = {"refund": refund("1"), "purchase": sale("2", line("other", 15_000), member=buyer)}
    async with merging(services, leaving, staying):
        exchange = asyncio.create_task(send(client, till, "exchanges", body))
    exchanged = await exchange
    assert exchanged.status_code == 201, exchanged.text
    assert exchanged.json()["to_pay_minor"] == 5_000
    assert sum(await balances(services)) == 150
    await assert_verified(services)


async def test_what_moves_in_meanwhile_is_the_survivors(services: Services, shop: Shop) -> None:
    await publish(services)
    await apply(services, FILES)
    (leaving, _) = [row[0] for row in await fetch(services, "SELECT member_id FROM member ORDER BY member_id")]
    staying = await shop.member(phone="+79990009999")
    late = {"lots.csv": f"{LOTS.splitlines()[0]}\nl-7,c-1,points,7,2026-02-20,,\n"}
    async with merging(services, leaving, staying):
        moving = asyncio.create_task(apply(services, late))
    assert (await moving).counts.points == {"points": 7}
    assert await fetch(services, "SELECT member_id FROM imported_lot WHERE lot_key = 'l-7'") == [(staying,)]
    assert await balances(services) == [0, 30, 157]
    await assert_verified(services)
