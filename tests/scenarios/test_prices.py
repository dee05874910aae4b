"""Discounts: the shop prices its baskets, points are worth what the programme says."""

from tests.journeys.tills import line
from tests.programmes import rate
from tests.scenarios.checkout import Checkout, earned, spending
from tests.scenarios.registry import scenario

_THE_SHOP_PRICES = "the shop prices its baskets: the discounts that a till sends are taken as they are"


@scenario("C01", differs=_THE_SHOP_PRICES)
async def test_c01_discounts_one_after_the_other_come_as_one_amount(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=1))
    receipt = await checkout.sells(await checkout.member(), line(amount_minor=30_000), discount_minor=8_130)
    assert (receipt["total_minor"], earned(receipt)) == (21_870, 21_870)


@scenario("C07", differs=_THE_SHOP_PRICES)
async def test_c07_the_better_of_two_quantity_discounts_is_the_tills_choice(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=100))
    five = line("a", 50_000, quantity="5", discount_minor=5_000)
    assert earned(await checkout.sells(await checkout.member(), five)) == 450


@scenario("C09", differs=_THE_SHOP_PRICES)
async def test_c09_free_units_are_lines_without_a_price_and_earn_nothing(checkout: Checkout) -> None:
    per_item = {"code": "unit", "names": {"en": "unit"}, "formula": {"kind": "per_item", "points": 1}}
    await checkout.open_with(per_item)
    paid = line("paid", 6 * 32_000, quantity="6")
    free = line("free", 2 * 32_000, quantity="2", discount_minor=2 * 32_000)
    assert earned(await checkout.sells(await checkout.member(), paid, free)) == 6


@scenario("C13", differs=_THE_SHOP_PRICES)
async def test_c13_a_discount_on_the_cheapest_item_stands_on_its_line(checkout: Checkout) -> None:
    await checkout.open_with(rate(points=1, per_minor=1))
    dear, plain = line("a", 11_500), line("b", 575)
    cheapest = line("c", 5_000, discount_minor=500)
    receipt = await checkout.sells(await checkout.member(), dear, plain, cheapest)
    assert (receipt["total_minor"], earned(receipt)) == (16_575, 16_575)


@scenario("C19")
async def test_c19_each_point_takes_its_worth_off_the_order(checkout: Checkout) -> None:
    await checkout.open_with(spending=spending(500))
    member = await checkout.member(2)
    goods = line("a", 20_000, quantity="2")
    quotes = [await checkout.quotes(member, goods, spend_points=points) for points in (1, 2)]
    assert [quote["to_pay_minor"] for quote in quotes] == [19_500, 19_000]
