"""What of a basket earns, and how often."""

import asyncio
from typing import Any

from tests.journeys.tills import line, send
from tests.programmes import POINTS, fixed, rate
from tests.scenarios.checkout import Checkout, earned
from tests.scenarios.registry import scenario


@scenario("A01")
async def test_a01_a_point_for_each_unit_of_money(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=100))
    receipt = await checkout.sells(await checkout.member(), line(amount_minor=10_000))
    assert earned(receipt) == 100


@scenario("A03")
async def test_a03_an_order_discount_reduces_the_base(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=100))
    receipt = await checkout.sells(await checkout.member(), line(amount_minor=10_000), discount_minor=1_000)
    assert (receipt["total_minor"], earned(receipt)) == (9_000, 90)


@scenario("A05")
async def test_a05_an_order_discount_leaves_a_rule_for_one_category_alone(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=100, lines={"categories": ["food"]}))
    await checkout.describe("cake", category="food")
    goods = (line("a", 10_000, sku="cake"), line("b", 5_000, sku="mug"))
    receipt = await checkout.sells(await checkout.member(), *goods, discount_minor=1_500)
    assert (receipt["total_minor"], earned(receipt)) == (13_500, 100)


@scenario("A07")
async def test_a07_stored_value_is_a_payment_and_earns(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=100))
    tenders = [{"kind": "stored_value", "amount_minor": 1_000}, {"kind": "card", "amount_minor": 9_000}]
    receipt = await checkout.sells(await checkout.member(), line(amount_minor=10_000), tenders=tenders)
    assert earned(receipt) == 100


@scenario("A09", differs="points are whole numbers: 26 by the rule's rounding; a wallet with one decimal shows 26.5")
async def test_a09_a_fraction_of_a_point_needs_a_wallet_with_decimals(checkout: Checkout) -> None:
    minimum: dict[str, Any] = {"minimum_basket_minor": 100}
    await checkout.open_with(rate(points=1, per_minor=1_000, **minimum))
    assert earned(await checkout.sells(await checkout.member(), line(amount_minor=26_500))) == 26

    texts = {"en": {"printed": ["You earned {earned}"]}}
    await checkout.open_with(
        rate(points=1, per_minor=100, **minimum), wallets=[{**POINTS, "exponent": 1}], receipts=texts
    )
    receipt = await checkout.sells(await checkout.member(), line(amount_minor=26_500), print=True)
    assert (earned(receipt), receipt["print"]) == (265, ["You earned 26.5 points"])


@scenario("A11")
async def test_a11_six_sales_at_once_add_up_exactly(checkout: Checkout) -> None:
    texts = {"en": {"printed": ["You have {balance}"]}}
    await checkout.open_with(rate(points=1, per_minor=1), wallets=[{**POINTS, "exponent": 2}], receipts=texts)
    member = await checkout.member()
    before = await checkout.sells(member, line(amount_minor=1_234))
    receipts = await asyncio.gather(*(checkout.sells(member, line(amount_minor=1_234), print=True) for _ in range(6)))
    assert await checkout.balance(member) == earned(before) + 7_404
    assert len(await checkout.history(member)) == 1 + 6
    assert ["You have 86.38 points"] in [receipt["print"] for receipt in receipts]


@scenario("A13")
async def test_a13_a_point_for_each_thousand(checkout: Checkout) -> None:
    bronze = {"code": "bronze", "names": {"en": "Bronze"}}
    silver = {"code": "silver", "names": {"en": "Silver"}, "thresholds": {"spend_minor": 1_000_001}}
    await checkout.open_with(rate(points=1, per_minor=100_000), tiers=[bronze, silver])
    member = await checkout.member()
    receipt = await checkout.sells(member, line(amount_minor=1_000_000))
    assert (earned(receipt), (await checkout.tier(member))["tier"]["code"]) == (10, "bronze")


@scenario("A15", differs="an entry is never rewritten: ten points are taken by a second one, which leaves ten")
async def test_a15_a_return_takes_its_part_by_an_entry_of_its_own(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=100_000))
    member = await checkout.member()
    receipt = await checkout.sells(member, line("a", 2_000_000, quantity="2"))
    await checkout.refunds(receipt, a="1")
    assert await checkout.history(member) == [("earned", 20), ("clawed_back", -10)]
    assert await checkout.balance(member) == 10


@scenario("A25")
async def test_a25_three_points_for_each_unit_of_money(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=3, per_minor=100))
    assert earned(await checkout.sells(await checkout.member(), line(amount_minor=4_000))) == 120


@scenario("A27")
async def test_a27_a_guest_earns_nothing_and_is_no_error(checkout: Checkout) -> None:
    await checkout.open_with()
    receipt = await checkout.sells(None)
    assert (receipt["kind"], earned(receipt), receipt["balances"]) == ("guest", 0, [])


@scenario("A29")
async def test_a29_an_order_that_is_delivered_twice_pays_once(checkout: Checkout) -> None:
    await checkout.open_with(fixed("order", 200))
    member = await checkout.member()
    order = checkout.sale(member)
    first = await send(checkout.client, checkout.till, "purchases", order, key="first")
    second = await send(checkout.client, checkout.till, "purchases", order, key="second")
    assert (first.status_code, second.content) == (201, first.content)
    assert await checkout.history(member) == [("earned", 200)]
    assert await checkout.balance(member) == 200


@scenario("A47")
async def test_a47_what_does_not_fill_a_step_earns_nothing(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=1_000))
    assert earned(await checkout.sells(await checkout.member(), line(amount_minor=10_500))) == 10


@scenario("A55")
async def test_a55_the_small_change_of_an_order_is_cut_off(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=2, per_minor=10_000))
    assert earned(await checkout.sells(await checkout.member(), line(amount_minor=200_032))) == 40
