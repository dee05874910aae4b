"""One basket of three lines (a red thing, a blue thing, delivery) under rules that pick lines."""

from typing import Any

from tests.journeys.tills import line
from tests.programmes import fixed, rate
from tests.scenarios.checkout import Checkout, earned, on_sku
from tests.scenarios.registry import scenario

RED, BLUE = {"tags": ["red"]}, {"tags": ["blue"]}


async def pays(checkout: Checkout, *rules: dict[str, Any]) -> int:
    """What the basket earns; delivery counts."""
    await checkout.describe("123", tags=("red",))
    await checkout.describe("000", tags=("blue",))
    await checkout.open_with(*rules, base={"delivery_earns": True})
    receipt = await checkout.sells(
        await checkout.member(),
        line("1", 1_200, sku="123"),
        line("2", 10_000, sku="000"),
        line("3", 4_000, sku="0001", kind="delivery"),
    )
    return earned(receipt)


def times(factor: str, lines: dict[str, list[str]]) -> dict[str, Any]:
    code = f"x{factor}"
    return {"code": code, "names": {"en": code}, "formula": {"kind": "multiplier", "factor": factor}, "lines": lines}


@scenario("A35")
async def test_a35_delivery_earns_where_it_is_set(checkout: Checkout) -> None:
    assert await pays(checkout, rate(points=4)) == 608


@scenario("A37")
async def test_a37_lines_with_a_tag_can_be_left_out(checkout: Checkout) -> None:
    assert await pays(checkout, rate(points=4, except_lines=RED)) == 560


@scenario("A39")
async def test_a39_an_item_can_pay_a_fixed_bonus(checkout: Checkout) -> None:
    assert await pays(checkout, on_sku("000", fixed("item", 200))) == 200


@scenario("A41")
async def test_a41_an_items_bonus_comes_on_top_of_the_rate(checkout: Checkout) -> None:
    assert await pays(checkout, on_sku("123", fixed("item", 100)), rate(points=4)) == 708


@scenario("A43")
async def test_a43_a_multiplier_touches_only_its_own_lines(checkout: Checkout) -> None:
    assert await pays(checkout, rate(points=4), times("3", RED)) == 704


@scenario("A45")
async def test_a45_rates_multipliers_and_bonuses_together(checkout: Checkout) -> None:
    rules = rate("four", points=4), rate("ten", points=10), times("3", RED), times("5", BLUE)
    assert await pays(checkout, *rules, on_sku("000", fixed("item", 200))) == 8_264
