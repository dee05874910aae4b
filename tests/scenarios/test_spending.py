"""Points that pay at the till: how many, for what, and once."""

import asyncio

from tests.journeys.tills import done, line, send
from tests.programmes import POINTS, rate
from tests.scenarios.checkout import Checkout, earned, spending
from tests.scenarios.registry import scenario

HALF_FROM_500 = spending(1, minimum_points=500, maximum_share_bp=5_000)
"""A point is worth 0.01; at least 500 of them pay, and at most half of a basket."""


@scenario("B01")
async def test_b01_a_spend_is_a_whole_multiple_of_its_step(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(150, step_points=3))
    member = await checkout.member(10)
    quote = await checkout.quotes(member, line(amount_minor=10_000))
    assert (quote["spend"]["available_points"], quote["spend"]["max_points"]) == (10, 9)
    refused = await checkout.refuses_to_hold(member, 10, line(amount_minor=10_000))
    assert (refused["code"], refused["max_points"]) == ("spend_refused", 9)
    receipt = await checkout.sells_for_points(member, 9, line(amount_minor=10_000))
    assert (receipt["points_used"], receipt["points_value_minor"]) == (9, 1_350)


@scenario(
    "B07", differs="the points are set aside when an order claims them, so that the losers hear it before they pay"
)
async def test_b07_three_orders_claim_the_same_points_and_one_gets_them(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(100))
    member = await checkout.member(5)
    claim = {"member": checkout.sale(member)["member"], "points": 5}
    body = {"currency": "RUB", "lines": [line()], "total_minor": 10_000, **claim}
    answers = await asyncio.gather(*(send(checkout.client, checkout.till, "holds", body) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    (hold,) = (answer.json() for answer in answers if answer.is_success)
    receipt = await checkout.sells(member, line(), hold_id=hold["id"])
    assert receipt["points_used"] == 5
    assert await checkout.available(member) == earned(receipt)


@scenario("B09")
async def test_b09_what_was_redeemed_is_gone_by_one_entry(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(1))
    member = await checkout.member(1_000)
    await checkout.sells_for_points(member, 300, line(amount_minor=300))
    assert await checkout.balance(member) == 700
    assert await checkout.history(member) == [("adjusted", 1_000), ("spent", -300)]


@scenario("B11")
async def test_b11_the_same_redemption_twice_takes_the_points_once(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(1))
    member = await checkout.member(1_000)
    claim = {"member": checkout.sale(member)["member"], "points": 300}
    body = {"currency": "RUB", "lines": [line(amount_minor=300)], "total_minor": 300, **claim}
    hold, again = [await done(checkout.client, checkout.till, "holds", body, key="one-hold") for _ in range(2)]
    assert hold == again
    order = checkout.sale(member, line(amount_minor=300), hold_id=hold["id"])
    first, second = [await send(checkout.client, checkout.till, "purchases", order) for _ in range(2)]
    assert (first.status_code, second.content) == (201, first.content)
    assert await checkout.balance(member) == 700
    assert await checkout.history(member) == [("adjusted", 1_000), ("spent", -300)]


@scenario("B13")
async def test_b13_a_spend_within_every_limit_is_allowed(checkout: Checkout) -> None:
    await checkout.open_with(spending=HALF_FROM_500)
    quote = await checkout.quotes(await checkout.member(5_000), line(amount_minor=10_000), spend_points=1_000)
    assert (quote["spend_points"], quote["spend_minor"], quote["to_pay_minor"]) == (1_000, 1_000, 9_000)


@scenario("B15")
async def test_b15_a_spend_above_the_share_is_cut_to_it_where_clamping_is_set(checkout: Checkout) -> None:
    await checkout.open_with(spending={**HALF_FROM_500, "over_balance": "clamp"})
    quote = await checkout.quotes(await checkout.member(10_000), line(amount_minor=10_000), spend_points=10_000)
    assert (quote["spend_points"], quote["to_pay_minor"]) == (5_000, 5_000)


@scenario(
    "B17", differs="a spend below the minimum is refused with the minimum in the answer, not turned into zero points"
)
async def test_b17_a_spend_below_the_minimum_is_refused(checkout: Checkout) -> None:
    await checkout.open_with(spending=HALF_FROM_500)
    refused = await checkout.refuses_to_hold(await checkout.member(5_000), 400, line(amount_minor=10_000))
    assert (refused["code"], refused["reason"], refused["minimum_points"]) == ("spend_refused", "below_minimum", 500)


@scenario("B19")
async def test_b19_a_refusal_names_the_blocked_member_and_the_small_balance(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(1))
    member = await checkout.member(100)
    short = await checkout.refuses_to_hold(member, 300, line(amount_minor=10_000))
    assert (short["code"], short["reason"], short["available_points"]) == ("spend_refused", "above_balance", 100)
    await checkout.block(member)
    assert (await checkout.refuses_to_hold(member, 100))["code"] == "spending_blocked"


@scenario("B21")
async def test_b21_points_pay_no_more_than_the_basket_costs(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(100))
    refused = await checkout.refuses_to_hold(await checkout.member(40), 15, line(amount_minor=1_254))
    assert (refused["reason"], refused["max_points"]) == ("above_basket", 12)


@scenario("B23")
async def test_b23_points_that_are_not_there_do_not_pay(checkout: Checkout) -> None:
    hundredths = [{**POINTS, "exponent": 2}]
    await checkout.open_with(spending=spending(1), wallets=hundredths)
    refused = await checkout.refuses_to_hold(await checkout.member(603), 650, line(amount_minor=10_000))
    assert (refused["reason"], refused["available_points"]) == ("above_balance", 603)


@scenario("B43")
async def test_b43_the_member_named_at_payment_earns_and_nobody_else(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=100))
    begun_for, paid_by = await checkout.member(), await checkout.member()
    await checkout.quotes(begun_for, line(amount_minor=400, quantity="4"))
    assert earned(await checkout.sells(paid_by, line(amount_minor=400, quantity="4"))) == 4
    assert (await checkout.balance(paid_by), await checkout.balance(begun_for)) == (4, 0)
    assert await checkout.history(begun_for) == []
