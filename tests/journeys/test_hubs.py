"""Hubs: whoever sends what happened at a till, it happened in that till's store."""

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, done, fetch, receipt, refund, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till


@pytest.fixture
async def store(services: Services, shop: Shop) -> str:
    await publish(services, programme(rate(points=1, per_minor=100)))
    return await shop.store()


@pytest.fixture
async def till(shop: Shop, store: str) -> Till:
    return await shop.till(store_id=store, kind="web")


@pytest.fixture(params=["RUB", "USD"])
async def hub(request: pytest.FixtureRequest, shop: Shop, till: Till) -> Till:
    """In another store of another zone, which sells in the same currency or in another one."""
    elsewhere = await shop.store(zone="America/New_York", currency=request.param)
    return await shop.till(store_id=elsewhere, kind="hub", acts_for=[till.terminal_id])


@pytest.fixture
async def member(shop: Shop) -> dict[str, str]:
    return {"id": member_public_id(await shop.member())}


@pytest.mark.parametrize("hub_is_first", [False, True])
async def test_a_sale_that_a_till_and_its_hub_in_another_store_both_send_pays_once(
    services: Services, client: httpx.AsyncClient, till: Till, hub: Till, member: dict[str, str], hub_is_first: bool
) -> None:
    body = sale("1", member=member)
    sent = [(till, body), (hub, body | {"terminal": till.terminal_id})]
    first, again = [
        await send(client, caller, "purchases", asked) for caller, asked in sent[:: -1 if hub_is_first else 1]
    ]
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert await balances(services) == [100]
    batch = {"items": [{"key": "queued", "kind": "purchase", "purchase": sent[1][1]}]}
    (queued,) = (await done(client, hub, "batches", batch))["items"]
    assert (queued["status"], queued["body"]) == (201, first.json())
    assert await balances(services) == [100]


async def test_goods_that_a_till_and_its_hub_both_take_back_come_back_once(
    services: Services, client: httpx.AsyncClient, till: Till, hub: Till, member: dict[str, str]
) -> None:
    await done(client, till, "purchases", sale("1", member=member))
    named = {"terminal": till.terminal_id}
    body = refund("1")
    quoted = await done(client, hub, "refund-quotes", {"original": body["original"], **named})
    assert quoted["cash_minor"] == 10_000
    first = await send(client, hub, "refunds", body | named)
    again = await send(client, till, "refunds", body)
    assert (first.status_code, again.content) == (201, first.content)
    assert await balances(services) == [0]


async def test_a_hub_takes_back_at_its_own_store_what_was_sold_at_a_till_it_acts_for(
    services: Services, client: httpx.AsyncClient, shop: Shop, till: Till, member: dict[str, str]
) -> None:
    hub = await shop.till(kind="hub", acts_for=[till.terminal_id])
    await done(client, till, "purchases", sale("1", member=member))
    original = {"receipt": receipt("1"), "terminal": till.terminal_id}
    found = await done(client, hub, "receipt-searches", original)
    assert found["kind"] == "purchase"
    await done(client, hub, "refunds", refund("1") | {"original": original})
    assert await balances(services) == [0]


async def test_a_hub_voids_reports_and_lists_in_the_store_of_the_till(
    services: Services, client: httpx.AsyncClient, store: str, till: Till, hub: Till, member: dict[str, str]
) -> None:
    named = {"terminal": till.terminal_id}
    await done(client, till, "purchases", sale("1", member=member))
    counted = {
        "business_date": "2026-03-02",
        "sales": {"count": 1, "total_minor": 10_000},
        "refunds": {"count": 0, "total_minor": 0},
    }
    assert (await done(client, hub, "shift-reports", counted | named))["agrees"]
    await done(client, hub, "refunds", refund("unknown") | named)
    listed = [await client.get("/v1/pos/waiting-refunds", headers=hub.headers, params=each) for each in (named, {})]
    assert [len(answer.json()["items"]) for answer in listed] == [1, 0]
    assert (await done(client, hub, "voids", {"receipt": receipt("1"), **named}))["kind"] == "sale"
    assert await balances(services) == [0]
    made = await done(client, hub, "registrations", {"phone": "+79990001234", **named})
    assert made["created"]
    assert (await fetch(services, "SELECT home_store_id FROM member ORDER BY member_id"))[-1] == (store,)
