"""Publishing while the business goes on: servers follow, what runs is not disturbed, every sale has one version."""

import asyncio
import itertools
from typing import Any

import httpx
import pytest
from litestar import Litestar

from api.app import create_app
from api.services import Services
from kernel.settings import Settings
from loyalty.members.ids import member_public_id
from loyalty.programme.decoding import encode_programme
from tests.clocks import MovableClock
from tests.journeys.counter import Counter, discount
from tests.journeys.tills import balances, basket, done, fetch, refund, sale, send
from tests.programmes import forget_latest, programme, publish, rate
from tests.shop import Shop

SPENDING = {"value": {"points": 1, "minor": 100}, "needs_proof": False}
VERSIONS = "/v1/admin/programme/versions"
PATIENCE_S = 30
"""A server asks every second; a machine under load may take longer to get around to it."""


def sold_now(services: Services, number: str, member: dict[str, str], **more: Any) -> dict[str, Any]:
    """A sale of this moment: the version in force now pays it."""
    return sale(number, member=member, **more) | {"occurred_at": services.clock().isoformat()}


async def test_another_server_takes_over_what_this_one_publishes(
    services: Services, client: httpx.AsyncClient, shop: Shop, settings: Settings, clock: MovableClock
) -> None:
    await publish(services, programme(rate(points=1)))
    other: Litestar = create_app(settings, clock=clock)
    async with other.lifespan():
        known = other.state.services.programmes
        assert known.latest_version == 1
        manager = await shop.staff("manager")
        document = encode_programme(programme(rate(points=7)))
        await client.post("/v1/admin/programme/drafts", headers=manager, json={"draft_id": "d", "document": document})
        answer = await client.post(VERSIONS, headers=manager | {"If-Match": '"1"'}, json={"draft_id": "d"})
        assert answer.status_code == 201
        async with asyncio.timeout(PATIENCE_S):
            while known.latest_version < 2:  # noqa: ASYNC110 - it asks by itself, and tells nobody
                await asyncio.sleep(0.05)
        assert known.at(clock()).document.earn_rules[0].formula.points == 7


async def test_holds_and_pending_points_outlive_the_programme_that_made_them(
    services: Services, client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    waiting = programme(rate(points=1), spending=SPENDING, pending={"kind": "days", "days": 2})
    await publish(services, programme(rate(points=1), spending=SPENDING))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sold_now(services, "1", member))
    await publish(services, waiting)
    await done(client, till, "purchases", sold_now(services, "2", member))
    hold = await done(client, till, "holds", basket(member=member, points=60))
    await publish(services, programme(rate(points=9), expiry={"kind": "days", "count": 1}))
    bought = await done(client, till, "purchases", sold_now(services, "3", member, hold_id=hold["id"]))
    assert (bought["points_used"], bought["shortfall_points"]) == (60, 0)
    assert await balances(services) == [100 + 100 - 60 + 9 * 40]
    returned = await done(client, till, "refunds", refund("2"))
    assert [effect["taken"] for effect in returned["effects"]] == [100], "by the version that gave them"
    assert await balances(services) == [100 - 60 + 9 * 40]


async def test_every_sale_in_the_middle_of_publishing_is_explained_by_one_version(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(rate(points=1)))
    till, manager = await shop.till(), await shop.staff("manager")
    members = [member_public_id(await shop.member()) for _ in range(4)]
    numbers, published = itertools.count(1), asyncio.Event()

    async def sell(member: str) -> None:
        while not published.is_set():
            await done(client, till, "purchases", sold_now(services, str(next(numbers)), {"id": member}))

    async def publish_often() -> None:
        for points in range(2, 8):
            draft = {"draft_id": f"d{points}", "document": encode_programme(programme(rate(points=points)))}
            assert (await client.post("/v1/admin/programme/drafts", headers=manager, json=draft)).status_code == 201
            headers = manager | {"If-Match": '"1"'}
            answer = await client.post(VERSIONS, headers=headers, json={"draft_id": f"d{points}"})
            assert answer.status_code == 201, answer.text
        published.set()

    await asyncio.gather(publish_often(), *(sell(member) for member in members))
    sold = await fetch(services, "SELECT programme_version, (earned ->> 'points')::bigint FROM purchase")
    assert len(sold) == next(numbers) - 1
    assert {points for version, points in sold if points != 100 * version} == set()
    assert len({version for version, _ in sold}) > 1, "some were sold under each of several versions"


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in-a-batch"])
async def test_a_version_that_was_quoted_by_another_server_just_now_is_honoured(
    services: Services, client: httpx.AsyncClient, shop: Shop, together: bool
) -> None:
    await publish(services, programme(rate(points=1)))
    await publish(services, programme(rate(points=7)))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    quote = await done(client, till, "quotes", basket(member=member))
    forget_latest(services)
    body = sold_now(services, "1", member, quote=quote["token"])
    if together:
        items = [{"key": "1", "kind": "purchase", "purchase": body}]
        answer = await client.post("/v1/pos/batches", headers=till.headers, json={"items": items})
        assert [item["status"] for item in answer.json()["items"]] == [201], answer.text
    else:
        await done(client, till, "purchases", body)
    assert await fetch(services, "SELECT programme_version FROM purchase") == [(2,)]


@pytest.mark.parametrize("alone", [False, True], ids=["with-a-sale", "by-itself"])
async def test_a_reward_that_another_server_issued_just_now_is_used_as_it_says(
    services: Services, client: httpx.AsyncClient, shop: Shop, alone: bool
) -> None:
    await publish(services, programme(rate(points=1)))
    await publish(services, programme(rate(points=1), rewards=[discount("tenth", 0, stores=["elsewhere"])]))
    counter, till = Counter(services, client, shop), await shop.till()
    anna = await counter.member()
    issued = await counter.redeem(anna, "tenth")
    forget_latest(services)
    if alone:
        answer = await send(client, till, "redemptions", {"code": issued["code"], "basket": basket()})
        assert (answer.status_code, answer.json().get("reason")) == (422, "store"), answer.text
    else:
        body = sold_now(services, "1", {"id": member_public_id(anna)}, redemptions=[issued["code"]])
        assert "redemption_elsewhere" in (await done(client, till, "purchases", body))["flags"]
