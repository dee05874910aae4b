"""Rules beside each other: which of them pay, and when."""

from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.programme.publishing import ProgrammeInvalidError
from tests.journeys.tills import line
from tests.programmes import fixed, programme, publish, rate
from tests.scenarios.checkout import Checkout, earned
from tests.scenarios.registry import scenario


def times(code: str, factor: str, **more: Any) -> dict[str, Any]:
    """A rule that multiplies the others."""
    return {"code": code, "names": {"en": code}, "formula": {"kind": "multiplier", "factor": factor}, **more}


async def pays(checkout: Checkout, amount_minor: int, *rules: dict[str, Any], **more: Any) -> int:
    """What a basket of one line earns under a programme of these rules."""
    await checkout.open_with(*rules, **more)
    return earned(await checkout.sells(await checkout.member(), line(amount_minor=amount_minor)))


@scenario("A17")
async def test_a17_each_rule_is_rounded_by_itself(checkout: Checkout) -> None:
    assert await pays(checkout, 1_999, rate("one", per_minor=100), rate("half", per_minor=200)) == 28


@scenario("A19")
async def test_a19_of_rules_that_do_not_stack_the_highest_priority_pays(checkout: Checkout) -> None:
    alone = {"stackable": False}
    small, large = fixed("small", 50, priority=5, **alone), fixed("large", 200, priority=20, **alone)
    assert await pays(checkout, 1_999, small, large) == 200


@scenario("A21")
async def test_a21_rounding_happens_once_after_the_multiplier(checkout: Checkout) -> None:
    points = [
        await pays(checkout, 1_900, rate(per_minor=100, rounding=rounding), times("promotion", "1.5"))
        for rounding in ("floor", "round", "ceil")
    ]
    assert points == [28, 29, 29]


@scenario("A23")
async def test_a23_a_receipt_says_what_each_rule_paid(checkout: Checkout) -> None:
    await checkout.open_with(rate("7", per_minor=100), fixed("9", 5))
    receipt = await checkout.sells(await checkout.member(), line(amount_minor=1_999))
    assert {rule["rule"]: rule["points"] for rule in receipt["rules"]} == {"7": 19, "9": 5}


@scenario("A31")
async def test_a31_a_window_is_open_from_its_first_instant_to_before_its_last(checkout: Checkout) -> None:
    opens, closes = "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z"
    await checkout.open_with(
        fixed("day", 1, windows=[{"from_at": opens, "until_at": closes}]),
        fixed("since", 10, windows=[{"from_at": opens}]),
        fixed("until", 100, windows=[{"until_at": closes}]),
        zone="UTC",
    )
    member = await checkout.member()
    paid = []
    for instant in (
        datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC),
        datetime(2026, 11, 28, 0, 0, 1, tzinfo=UTC),
    ):
        await checkout.move_to(instant)
        paid.append(earned(await checkout.sells(member)))
    assert paid == [100, 111, 10]


@scenario("A33")
async def test_a33_a_minimum_basket_is_reached_by_its_very_amount(checkout: Checkout) -> None:
    points = [
        await pays(checkout, 5_000, fixed("big", 5, minimum_basket_minor=least)) for least in (5_000, 4_999, 5_001)
    ]
    assert points == [5, 5, 0]


@scenario("A49")
async def test_a49_a_factor_has_three_decimals_is_at_most_ten_and_leaves_no_fraction(checkout: Checkout) -> None:
    assert await pays(checkout, 500, fixed("visit", 4, multiplied=True), times("promotion", "1.5")) == 6
    assert await pays(checkout, 500, fixed("visit", 5, multiplied=True), times("promotion", "1.5")) == 7
    for factor in ("10.001", "1.5555"):
        with pytest.raises(ProgrammeInvalidError):
            await publish(checkout.services, programme(rate(), times("promotion", factor)))


@scenario("A51", differs="of promotions that exclude each other the highest priority wins, not the newest")
async def test_a51_the_best_rule_pays_and_the_first_promotion_multiplies(checkout: Checkout) -> None:
    stacking = {"rules": "best"}
    assert await pays(checkout, 4_000, fixed("visit", 30), rate(per_minor=100), stacking=stacking) == 40
    alone = {"stackable": False}
    older, newer = times("older", "3", priority=2, **alone), times("newer", "2", priority=1, **alone)
    assert await pays(checkout, 4_000, rate(per_minor=100), older, newer) == 120


@scenario("A53")
async def test_a53_a_promotion_that_needs_base_points_pays_nothing_without_them(checkout: Checkout) -> None:
    rules = rate(per_minor=100, minimum_basket_minor=1_000), fixed("promotion", 50, requires_base=True)
    assert await pays(checkout, 999, *rules) == 0
    assert await pays(checkout, 1_000, *rules) == 60


@scenario("A57")
async def test_a57_two_multipliers_compound(checkout: Checkout) -> None:
    assert await pays(checkout, 1_000, rate(per_minor=100), times("stored", "3"), times("inline", "2")) == 60
