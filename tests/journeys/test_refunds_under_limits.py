"""Refunds return what a sale used of caps and budgets, once: whatever comes back, and in which order."""

from typing import Any

import httpx

from api.services import Services
from loyalty.members.ids import member_public_id
from tests.journeys.tills import balances, done, fetch, line, refund, sale
from tests.programmes import fixed, programme, publish
from tests.shop import Shop
from tests.verified import assert_verified

LIMITS: dict[str, Any] = {"caps": {"day": 40}, "budget_points": 40 * 16}
THREE = (line("a"), line("b"), line("c"))


def back(line_id: str) -> dict[str, Any]:
    return refund("three", f"back-{line_id}", lines=[{"id": line_id, "quantity": "1"}])


async def test_points_that_a_limit_gave_to_another_sale_are_not_paid_twice(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(fixed("odd", 40, condition="purchase.lines_count != 2", **LIMITS)))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("three", *THREE, member=member))
    await done(client, till, "refunds", back("a"))
    assert await balances(services) == [0], "two lines are left"
    await done(client, till, "purchases", sale("one", member=member))
    returned = await done(client, till, "refunds", back("b"))
    assert (returned["effects"], await balances(services)) == ([], [40]), "one line is left, and the 40 are given out"
    assert await fetch(
        services, "SELECT points::int FROM cap_counter, jsonb_each_text(used) AS counted (rule, points)"
    ) == [(40,)]
    assert await fetch(services, "SELECT sum(used)::int FROM budget_slice") == [(40,)]
    await done(client, till, "refunds", refund("three", "rest"))
    await done(client, till, "refunds", refund("one", "all"))
    assert await balances(services) == [0]
    assert await fetch(services, "SELECT sum(used)::int FROM budget_slice") == [(0,)]
    await assert_verified(services)


async def test_what_comes_back_of_a_budget_that_was_lowered_is_not_given_out_again(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(fixed("hello", 40, budget_points=40 * 16)))
    till, member = await shop.till(), {"id": member_public_id(await shop.member())}
    await done(client, till, "purchases", sale("first", member=member))
    await publish(services, programme(fixed("hello", 40, budget_points=30)))
    await done(client, till, "refunds", refund("first", "back"))
    assert await fetch(services, "SELECT sum(allowance)::int, sum(used)::int, sum(over)::int FROM budget_slice") == [
        (30, 0, 0)
    ]
    await done(client, till, "purchases", sale("second", member=member))
    assert await balances(services) == [30]
    await assert_verified(services)


async def test_what_comes_back_pays_off_a_lowered_budget_in_whatever_slice_it_was_used(
    services: Services, client: httpx.AsyncClient, shop: Shop
) -> None:
    await publish(services, programme(fixed("hello", 40, budget_points=40 * 16)))
    till, members = await shop.till(), [{"id": member_public_id(await shop.member())} for _ in range(2)]
    for number, member in zip("12", members, strict=True):
        await done(client, till, "purchases", sale(number, member=member))
    await publish(services, programme(fixed("hello", 40, budget_points=40)))
    for number, member in zip("12", members, strict=True):
        await done(client, till, "refunds", refund(number, f"back-{number}"))
        await done(client, till, "purchases", sale(f"again-{number}", member=member))
        assert sum(await balances(services)) == 40, "as much as the budget, and no more"
    await assert_verified(services)
