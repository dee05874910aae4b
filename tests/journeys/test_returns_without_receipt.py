"""Goods come back without a receipt: what they would earn today is taken, where the programme allows it."""

from typing import Any

import httpx
import pytest

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, done, fetch, line, receipt, sale, send
from tests.programmes import POINTS, programme, publish, rate
from tests.shop import Shop, Till

ALLOWED = {"without_receipt": True, "without_receipt_maximum_minor": 20_000}


async def member_with_100_points(
    services: Services, client: httpx.AsyncClient, shop: Shop, **settings: Any
) -> tuple[Till, dict[str, str]]:
    await publish(services, programme(rate(caps={"day": 100}), **{"refunds": ALLOWED, **settings}))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("1", line("a", 10_000), member=member))
    return till, member


def goods(member: dict[str, str], *lines: dict[str, Any], number: str = "r1", **more: Any) -> dict[str, Any]:
    return {
        "member": member,
        "receipt": receipt(number),
        "occurred_at": "2026-03-02T10:00:00Z",
        "currency": "RUB",
        "lines": list(lines or (line("x", 4_000),)),
        **more,
    }


async def test_the_points_that_the_lines_would_earn_today_are_taken(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member = await member_with_100_points(services, client, shop)
    answer = await done(client, till, "returns", goods(member, line("x", 5_000, discount_minor=1_000)))
    assert (answer["kind"], answer["purchase_id"], answer["cash_minor"]) == ("return", None, 4_000)
    (effect,) = answer["effects"]
    assert (effect["taken"], effect["from_lots"]) == (40, 40), "although today's cap has been used up"
    assert await balances(services) == [60]
    assert await fetch(
        services, "SELECT points::int FROM cap_counter, jsonb_each_text(used) AS counted (rule, points)"
    ) == [(100,)], "the counters stay as they are"


async def test_points_that_are_gone_are_owed(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    till, member = await member_with_100_points(services, client, shop)
    await done(client, till, "returns", goods(member, line("x", 8_000)))
    answer = await done(client, till, "returns", goods(member, line("x", 8_000), number="r2"))
    (effect,) = answer["effects"]
    assert (effect["from_lots"], effect["owed"]) == (20, 60)
    assert answer["balances"] == [{"wallet": "points", "balance": -60}]


async def test_or_written_off_or_kept_from_the_cash(services: Services, client: httpx.AsyncClient, shop: Shop) -> None:
    till, member = await member_with_100_points(
        services, client, shop, wallets=[{**POINTS, "debt": "write_off"}], refunds={"without_receipt": True}
    )
    (effect,) = (await done(client, till, "returns", goods(member, line("x", 50_000))))["effects"]
    assert (effect["taken"], effect["from_lots"], effect["written_off"]) == (100, 100, 0), "a cap limits it too"
    (effect,) = (await done(client, till, "returns", goods(member, number="r2")))["effects"]
    assert (effect["from_lots"], effect["written_off"]) == (0, 40)
    value = {"value": {"points": 1, "minor": 100}}
    await publish(
        services,
        programme(spending=value, refunds={"without_receipt": True, "shortfall": "reduce_cash"}),
    )
    kept = await done(client, till, "returns", goods(member, line("x", 10_000), number="r3"))
    assert (kept["cash_reduction_minor"], kept["cash_minor"]) == (10_000, 0)


@pytest.mark.parametrize(
    ("refunds", "body", "status", "code"),
    [
        ({}, {}, 403, "receipt_needed"),
        (ALLOWED, {"lines": [line("x", 20_001)]}, 422, "return_above_maximum"),
        (ALLOWED, {"currency": "EUR"}, 422, "currency_refused"),
        (ALLOWED, {"member": {}}, 422, "identity_missing"),
        (ALLOWED, {"member": {"card": "2900000077"}}, 404, "member_not_found"),
        (ALLOWED, {"receipt": {"number": "1"}}, 422, "sale_inconsistent"),
    ],
)
async def test_what_may_not_come_back_changes_nothing(
    services: Services,
    client: httpx.AsyncClient,
    shop: Shop,
    refunds: dict[str, Any],
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    till, member = await member_with_100_points(services, client, shop, refunds=refunds)
    answer = await send(client, till, "returns", {**goods(member), **body})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await balances(services) == [100]
    assert await fetch(services, "SELECT last_refund_no FROM member") == [(0,)]


async def test_a_repeat_gets_the_first_answer_and_its_receipt_explains_it(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    till, member = await member_with_100_points(services, client, shop)
    first = await done(client, till, "returns", goods(member), key="k1")
    assert await done(client, till, "returns", goods(member), key="k2") == first
    other = await send(client, till, "returns", goods(member, line("x", 5)))
    assert (other.status_code, other.json()["code"]) == (422, "receipt_differs")
    assert await balances(services) == [60]
    shown = (await client.get(f"/v1/pos/receipts/{first['id']}", headers=till.headers)).json()
    assert (shown["kind"], shown["purchase"]) == ("return", None)
    assert [(row["rule"], row["points"]) for row in shown["refund"]["explanation"]] == [("base", 40)]
    search = {"receipt": receipt("r1"), "kind": "refund"}
    assert await done(client, till, "receipt-searches", search) == shown
