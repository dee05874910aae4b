"""The largest sales there are, again and again: everything is answered, exactly, and nothing outgrows its column."""

from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, basket, done, fetch, line, receipt, refund, sale, send
from tests.programmes import programme, publish, rate
from tests.shop import Shop, Till
from tests.verified import assert_verified

MOST = 2**53 - 1
TENFOLD = {
    "code": "tenfold",
    "names": {"en": "Ten times"},
    "formula": {"kind": "multiplier", "factor": "10"},
}


@pytest.fixture
async def till(services: Services, shop: Shop) -> Till:
    """A shop where a kopeck earns ten points and a point pays a kopeck."""
    spending = {"value": {"points": 1, "minor": 1}, "needs_proof": False}
    rules = rate(points=1, per_minor=1), TENFOLD
    await publish(services, programme(*rules, spending=spending, refunds={"without_receipt": True}))
    return await shop.till()


@pytest.fixture
async def member(shop: Shop) -> dict[str, str]:
    return {"id": member_public_id(await shop.member())}


def largest(number: str, **more: Any) -> dict[str, Any]:
    return sale(number, line("1", MOST), **more)


async def test_a_sale_that_would_overfill_the_wallet_is_recorded_and_earns_nothing(
    services: Services, client: httpx.AsyncClient, till: Till, member: dict[str, str]
) -> None:
    first = await done(client, till, "purchases", largest("1", member=member))
    assert first["balances"] == [{"wallet": "points", "balance": MOST}]
    for number in ("2", "3"):
        full = await done(client, till, "purchases", largest(number, member=member))
        assert (full["earned"], full["balances"]) == ([], first["balances"])
        assert "wallet_full" in full["flags"]
    items = [
        {"key": f"k{number}", "kind": "purchase", "purchase": largest(str(number), member=member)}
        for number in range(4, 9)
    ]
    queued = (await done(client, till, "batches", {"items": items}))["items"]
    assert [answer["status"] for answer in queued] == [201] * 5
    back = await done(client, till, "refunds", refund("2"))
    assert (back["amount_minor"], back["effects"]) == (MOST, [])
    assert await fetch(services, "SELECT count(*) FROM purchase") == [(8,)]
    assert await balances(services) == [MOST]
    await assert_verified(services)


async def test_room_is_made_by_spending_in_the_same_sale(
    services: Services, client: httpx.AsyncClient, till: Till, member: dict[str, str]
) -> None:
    await done(client, till, "purchases", largest("1", member=member))
    goods = line("1", 1_100)
    hold = await done(client, till, "holds", basket(goods, member=member, points=1_000))
    bought = await done(client, till, "purchases", sale("2", goods, member=member, hold_id=hold["id"]))
    assert bought["balances"] == [{"wallet": "points", "balance": MOST}], "1,000 spent, 100 paid otherwise earn as many"
    refused = await send(client, till, "refunds", refund("2"))
    assert (refused.status_code, refused.json()["code"]) == (422, "points_out_of_range")
    assert await balances(services) == [MOST]


async def test_staff_neither_overfill_a_wallet_nor_merge_two_full_ones(
    services: Services, client: httpx.AsyncClient, shop: Shop, till: Till, member: dict[str, str]
) -> None:
    other = {"id": member_public_id(await shop.member())}
    for number, owner in (("1", member), ("2", other)):
        await done(client, till, "purchases", largest(number, member=owner))
    path, owner_of_all = f"/v1/admin/members/{member['id']}", await shop.staff("owner")
    asked: dict[str, dict[str, Any]] = {"adjustments": {"points": 1}, "merges": {"source_id": other["id"]}}
    for what, body in asked.items():
        answer = await client.post(f"{path}/{what}", json={**body, "reason": "goodwill"}, headers=owner_of_all)
        assert (answer.status_code, answer.json()["code"]) == (422, "points_out_of_range")
    assert await balances(services) == [MOST, MOST]


async def test_no_more_is_owed_for_goods_without_a_receipt(
    services: Services, client: httpx.AsyncClient, till: Till, member: dict[str, str]
) -> None:
    goods = {"member": member, "currency": "RUB", "occurred_at": "2026-03-02T09:00:00Z", "lines": [line("1", MOST)]}
    back = await done(client, till, "returns", goods | {"receipt": receipt("1")})
    assert back["balances"] == [{"wallet": "points", "balance": -MOST}]
    refused = await send(client, till, "returns", goods | {"receipt": receipt("2")})
    assert (refused.status_code, refused.json()["code"]) == (422, "points_out_of_range")
    assert await balances(services) == [-MOST]


async def test_a_late_capture_that_nobody_can_owe_is_written_off(
    services: Services, client: httpx.AsyncClient, till: Till, member: dict[str, str]
) -> None:
    await done(client, till, "purchases", sale("1", line("1", 100), member=member))
    goods = line("1", 1_100)
    hold = await done(client, till, "holds", basket(goods, member=member, points=1_000))
    await done(client, till, "voids", {"hold_id": hold["id"]})
    for number, amount_minor in (("r1", 100), ("r2", MOST)):
        back = {"member": member, "currency": "RUB", "occurred_at": "2026-03-02T09:00:00Z"}
        await done(client, till, "returns", back | {"lines": [line("1", amount_minor)], "receipt": receipt(number)})
    assert await balances(services) == [-MOST]
    bought = await done(client, till, "purchases", sale("2", goods, member=member, hold_id=hold["id"]))
    assert (bought["points_used"], bought["shortfall_points"]) == (1_000, 1_000)
    assert bought["balances"] == [{"wallet": "points", "balance": 1_000 - MOST}]
    await assert_verified(services)
