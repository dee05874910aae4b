import pytest

from loyalty.earning.bases import base_minor
from loyalty.earning.purchase import EarnLine
from loyalty.programme.compiled import CompiledBase
from loyalty.programme.rules import BaseSettings, LineNames
from tests.loyalty.earning.making import basket, evaluated, line, points_of, programme, rate, rule

PLAIN = CompiledBase(tax_included=True, less_order_discount=False, less_points_paid=True, less_stored_value=False)
NET = PLAIN._replace(tax_included=False)


@pytest.mark.parametrize(
    ("base", "bought", "minor"),
    [
        (PLAIN, line("a", 1_000, discount_minor=100), 900),
        (PLAIN, line("a", 1_000, discount_minor=100, points_paid_minor=300), 600),
        (PLAIN._replace(less_points_paid=False), line("a", 1_000, points_paid_minor=300), 1_000),
        (PLAIN, line("a", 1_000, order_discount_minor=300), 1_000),
        (PLAIN._replace(less_order_discount=True), line("a", 1_000, order_discount_minor=300), 700),
        (PLAIN._replace(less_stored_value=True), line("a", 1_000, stored_value_minor=400), 600),
        (PLAIN, line("a", 1_000, points_paid_minor=1_200), 0),
        (NET, line("a", 1_190, tax_minor=190), 1_000),
        (NET, line("a", 1_190, tax_minor=190, points_paid_minor=595), 500),
        (NET, line("a", 119, tax_minor=19, points_paid_minor=118), 1),
        (NET, line("a", 0), 0),
    ],
)
def test_a_lines_base_is_what_the_settings_leave_of_it(base: CompiledBase, bought: EarnLine, minor: int) -> None:
    assert base_minor(bought, base) == minor


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        (BaseSettings(), {"goods"}),
        (BaseSettings(delivery_earns=True), {"goods", "delivery"}),
        (
            BaseSettings(gift_cards_earn=True, deposits_earn=True, fees_earn=True),
            {"goods", "gift_card", "deposit", "fee"},
        ),
    ],
)
def test_kinds_of_lines_earn_as_set(settings: BaseSettings, kinds: set[str]) -> None:
    for kind in ("goods", "delivery", "gift_card", "deposit", "fee", "something new"):
        fired = evaluated(basket(line("a", 1_000, kind=kind)), programme(rule("r", rate(1, 100)), base=settings)).fired
        assert bool(fired) is (kind in kinds)


def test_a_rule_that_names_a_kind_takes_it_whatever_the_base_says() -> None:
    snapshot = programme(rule("r", rate(1, 100), lines=LineNames(kinds=("delivery",))))
    assert points_of(evaluated(basket(line("a", 1_000), line("d", 400, kind="delivery")), snapshot)) == {"r": 4}


@pytest.mark.parametrize(
    ("names", "points"),
    [
        (LineNames(categories=("food",)), 3),
        (LineNames(categories=("food/bread",)), 1),
        (LineNames(categories=("foo",)), 0),
        (LineNames(categories=("food/bread", "food/milk")), 3),
        (LineNames(categories=("food",), brands=("ours",)), 1),
        (LineNames(tags=("green", "red")), 5),
        (LineNames(skus=("milk",), brands=("ours",)), 0),
    ],
)
def test_lines_must_match_every_list(names: LineNames, points: int) -> None:
    snapshot = programme(rule("r", rate(1, 100), lines=names))
    purchase = basket(
        line("bread", 100, category="food/bread", brand="ours"),
        line("milk", 200, category="food/milk", brand="theirs", tags=("red",)),
        line("lamp", 300, category="home", brand="ours", tags=("green", "new")),
        line("foodless", 400, category="foodless"),
    )
    assert points_of(evaluated(purchase, snapshot)).get("r", 0) == points


@pytest.mark.parametrize(
    ("except_lines", "points"),
    [
        (LineNames(categories=("tobacco",)), 6),
        (LineNames(brands=("x",), tags=("t",)), 0),
        (LineNames(skus=("a",), kinds=("delivery",)), 9),
    ],
)
def test_lines_that_match_any_exception_are_left_out(except_lines: LineNames, points: int) -> None:
    snapshot = programme(rule("r", rate(1, 100), except_lines=except_lines))
    purchase = basket(line("a", 600, brand="x"), line("b", 900, category="tobacco/cigars", tags=("t",)))
    assert points_of(evaluated(purchase, snapshot)).get("r", 0) == points
