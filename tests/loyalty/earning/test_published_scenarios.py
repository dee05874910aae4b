"""What other systems' tests and documents say must be earned: the pure part of scenarios A, by their ids."""

from typing import NamedTuple

import pytest

from loyalty.earning.purchase import EarningPurchase, MemberFacts, Tender
from loyalty.programme.rules import BaseSettings, LineNames
from loyalty.programme.settings import Stacking
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.tiers import Tier
from tests.loyalty.earning.making import (
    basket,
    evaluated,
    fixed,
    line,
    per_item,
    points_of,
    programme,
    rate,
    rule,
    times,
)

ONE_PER_EURO = rule("base", rate(1, 100))
FOOD_ONLY = rule("base", rate(1, 100), lines=LineNames(categories=("food",)))
WITH_DELIVERY = BaseSettings(delivery_earns=True)
RED, BLUE = LineNames(tags=("red",)), LineNames(tags=("blue",))
THREE_LINES = basket(
    line("a", 1_200, sku="123", tags=("red",)),
    line("b", 10_000, sku="000", tags=("blue",)),
    line("c", 4_000, sku="0001", kind="delivery"),
)


def four_per_euro(**members: object) -> ProgrammeSnapshot:
    return programme(rule("base", rate(4, 100), **members), base=WITH_DELIVERY)


class Scenario(NamedTuple):
    id: str
    programme: ProgrammeSnapshot
    basket: EarningPurchase
    points: int


SCENARIOS = (
    Scenario("A01", programme(ONE_PER_EURO), basket(line("a", 10_000)), 100),
    Scenario("A03", programme(ONE_PER_EURO), basket(line("a", 10_000), order_discount_minor=1_000), 90),
    Scenario(
        "A05",
        programme(FOOD_ONLY),
        basket(line("a", 10_000, category="food"), line("b", 5_000), order_discount_minor=1_500),
        100,
    ),
    Scenario(
        "A05 with spread discounts",
        programme(FOOD_ONLY, base=BaseSettings(order_discounts="spread")),
        basket(line("a", 10_000, category="food"), line("b", 5_000), order_discount_minor=1_500),
        90,
    ),
    Scenario(
        "A07",
        programme(ONE_PER_EURO),
        basket(line("a", 10_000), tenders=(Tender(kind="stored_value", amount_minor=1_000),)),
        100,
    ),
    Scenario(
        "A07 where stored value does not earn",
        programme(ONE_PER_EURO, base=BaseSettings(stored_value_earns=False)),
        basket(line("a", 10_000), tenders=(Tender(kind="stored_value", amount_minor=1_000),)),
        90,
    ),
    Scenario(
        "A09 in tenths of a point",
        programme(rule("base", rate(1, 100), minimum_basket_minor=100)),
        basket(line("a", 26_500)),
        265,
    ),
    Scenario("A11 in hundredths of a point", programme(rule("base", rate(1, 1))), basket(line("a", 1_234)), 1_234),
    Scenario("A13", programme(rule("base", rate(1, 100_000))), basket(line("a", 1_000_000)), 10),
    Scenario("A17", programme(ONE_PER_EURO, rule("half", rate(1, 200))), basket(line("a", 1_999)), 28),
    Scenario(
        "A19",
        programme(
            rule("small", fixed(50), stackable=False, priority=5),
            rule("large", fixed(200), stackable=False, priority=20),
        ),
        basket(line("a", 1_999)),
        200,
    ),
    *(
        Scenario(
            f"A21 {rounding}",
            programme(rule("base", rate(1, 100), rounding=rounding), rule("x", times("1.5"))),
            basket(line("a", 1_900)),
            points,
        )
        for rounding, points in (("floor", 28), ("round", 29), ("ceil", 29))
    ),
    Scenario("A25", programme(rule("base", rate(3, 100))), basket(line("a", 4_000)), 120),
    *(
        Scenario(
            f"A33 threshold {threshold}",
            programme(rule("base", fixed(5), minimum_basket_minor=threshold)),
            basket(line("a", 5_000)),
            points,
        )
        for threshold, points in ((5_000, 5), (4_999, 5), (5_001, 0))
    ),
    Scenario("A35", four_per_euro(), THREE_LINES, 608),
    Scenario("A37", four_per_euro(except_lines=RED), THREE_LINES, 560),
    Scenario("A39", programme(rule("product", fixed(200), lines=LineNames(skus=("000",)))), THREE_LINES, 200),
    Scenario(
        "A41",
        programme(
            rule("base", rate(4, 100)), rule("product", fixed(100), lines=LineNames(skus=("123",))), base=WITH_DELIVERY
        ),
        THREE_LINES,
        708,
    ),
    Scenario(
        "A43",
        programme(rule("base", rate(4, 100)), rule("x3", times("3"), lines=RED), base=WITH_DELIVERY),
        THREE_LINES,
        704,
    ),
    Scenario(
        "A45",
        programme(
            rule("four", rate(4, 100)),
            rule("ten", rate(10, 100)),
            rule("x3", times("3"), lines=RED),
            rule("x5", times("5"), lines=BLUE),
            rule("product", fixed(200), lines=LineNames(skus=("000",))),
            base=WITH_DELIVERY,
        ),
        THREE_LINES,
        8_264,
    ),
    Scenario("A47", programme(rule("base", rate(1, 1_000))), basket(line("a", 10_500)), 10),
    Scenario(
        "A49", programme(rule("base", fixed(4), multiplied=True), rule("x", times("1.5"))), basket(line("a", 500)), 6
    ),
    Scenario(
        "A51",
        programme(rule("a", fixed(30)), rule("b", rate(1, 100)), stacking=Stacking(rules="best")),
        basket(line("a", 4_000)),
        40,
    ),
    Scenario(
        "A53",
        programme(
            rule("base", rate(1, 100), minimum_basket_minor=1_000), rule("promotion", fixed(50), requires_base=True)
        ),
        basket(line("a", 999)),
        0,
    ),
    Scenario(
        "A55 in hundredths of a point", programme(rule("base", rate(200, 10_000))), basket(line("a", 200_032)), 4_000
    ),
    Scenario(
        "A57",
        programme(rule("base", rate(1, 100)), rule("x3", times("3")), rule("x2", times("2"))),
        basket(line("a", 1_000)),
        60,
    ),
    Scenario(
        "B41: the free unit earns nothing",
        programme(rule("item", per_item(1))),
        basket(line("a", 640, "2"), line("free", 320, "1", discount_minor=320)),
        2,
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.id for scenario in SCENARIOS])
def test_a_purchase_earns_what_the_scenario_says(scenario: Scenario) -> None:
    evaluation = evaluated(scenario.basket, scenario.programme)
    assert evaluation.points_by_wallet.get("points", 0) == scenario.points


def test_a23_the_breakdown_names_each_rule() -> None:
    snapshot = programme(rule("7", rate(1, 100)), rule("9", fixed(5)))
    assert points_of(evaluated(basket(line("a", 1_999)), snapshot)) == {"7": 19, "9": 5}


@pytest.mark.parametrize(("mode", "points"), [("compound", 60), ("add", 40), ("best", 30)])
def test_multipliers_combine_as_set(mode: str, points: int) -> None:
    stacking = Stacking(multipliers=mode)  # type: ignore[arg-type]  # the table holds plain text
    snapshot = programme(rule("base", rate(1, 100)), rule("x3", times("3")), rule("x2", times("2")), stacking=stacking)
    assert evaluated(basket(line("a", 1_000)), snapshot).points_by_wallet == {"points": points}


def test_a_tiers_multiplier_is_one_of_the_multipliers() -> None:
    snapshot = programme(
        rule("base", rate(1, 100)),
        rule("x2", times("2")),
        tiers=(Tier(code="gold", names={"en": "Gold"}, multiplier="1.5"),),
    )
    purchase = basket(line("a", 1_000))
    assert evaluated(purchase, snapshot, member=MemberFacts(tier="gold")).points_by_wallet == {"points": 30}
    assert evaluated(purchase, snapshot).points_by_wallet == {"points": 20}
