from decimal import Decimal

import pytest

from loyalty.earning.freezing import freeze
from loyalty.earning.refunding import Kept, kept_after, reevaluate, taken_back
from loyalty.earning.shares import scale_lines
from loyalty.programme.rules import Caps
from loyalty.programme.settings import Stacking
from tests.loyalty.earning.making import basket, evaluated, fixed, line, programme, rate, rule


def test_a15_returning_one_of_two_units_halves_what_was_earned() -> None:
    snapshot = programme(rule("base", rate(1, 100_000)))
    purchase = basket(line("a", 2_000_000, "2"))
    frozen = freeze(evaluated(purchase, snapshot))
    assert frozen.points == {"points": 20}
    assert kept_after(frozen, purchase.lines, [{"a": Decimal(1)}], snapshot) == Kept({"points": 10}, {"base": 10})


def test_a_capped_purchase_gives_back_only_what_it_no_longer_deserves() -> None:
    snapshot = programme(rule("base", rate(1, 100), caps=Caps(day=60)))
    purchase = basket(line("a", 10_000, "10"))
    frozen = freeze(evaluated(purchase, snapshot, used={"base": {"day": 10}}))
    assert frozen.points == {"points": 50}
    states = [{"a": Decimal(4)}]
    assert kept_after(frozen, purchase.lines, states, snapshot).points == {"points": 50}
    step = taken_back(frozen, purchase.lines, states=states, came_back={"a": Decimal(7)}, programme=snapshot)
    assert step.points == {"points": 20}
    assert [(use.period, use.period_key, use.points) for use in step.cap_uses] == [("day", "2026-11-27", 20)]


def test_a_purchase_that_falls_below_a_minimum_loses_the_bonus() -> None:
    snapshot = programme(rule("bonus", fixed(50), minimum_basket_minor=5_000))
    purchase = basket(line("a", 3_000), line("b", 2_000))
    frozen = freeze(evaluated(purchase, snapshot))
    assert kept_after(frozen, purchase.lines, [{"b": Decimal(1)}], snapshot).points == {"points": 0}


def test_a_refund_never_earns_more_than_the_sale() -> None:
    snapshot = programme(rule("small", fixed(50), condition="purchase.lines_count < 2"), rule("base", rate(1, 100)))
    purchase = basket(line("a", 3_000), line("b", 2_000))
    frozen = freeze(evaluated(purchase, snapshot))
    assert kept_after(frozen, purchase.lines, [{"b": Decimal(1)}], snapshot) == Kept({"points": 30}, {"base": 30})


def test_what_a_refund_took_of_a_rule_no_later_one_gives_back() -> None:
    odd = rule("odd", fixed(50), condition="purchase.lines_count != 2", caps=Caps(day=50), budget_points=1_000)
    snapshot = programme(odd, rule("base", rate(1, 100)))
    purchase = basket(line("a", 3_000), line("b", 2_000), line("c", 1_000))
    frozen = freeze(evaluated(purchase, snapshot, budget={"odd": 50}))
    two_left, one_left = {"b": Decimal(1)}, {"b": Decimal(1), "c": Decimal(1)}
    first = taken_back(frozen, purchase.lines, states=[], came_back=two_left, programme=snapshot)
    second = taken_back(frozen, purchase.lines, states=[two_left], came_back=one_left, programme=snapshot)
    assert (first.points, first.budget_uses) == ({"points": 70}, {"odd": 50})
    assert (second.points, second.cap_uses, second.budget_uses) == ({"points": 10}, (), {})
    at_once = taken_back(frozen, purchase.lines, states=[], came_back=one_left, programme=snapshot)
    assert at_once.points == {"points": 30}, "the order of such a rule's refunds matters"


@pytest.mark.parametrize("stacking", [Stacking(), Stacking(rules="best")])
def test_a_rule_that_begins_to_fit_does_not_win_over_one_that_paid(stacking: Stacking) -> None:
    few = rule("few", fixed(90), condition="purchase.lines_count == 1", stackable=False, priority=9)
    snapshot = programme(few, rule("base", rate(1, 100), stackable=False), stacking=stacking)
    purchase = basket(line("a", 3_000), line("b", 2_000))
    frozen = freeze(evaluated(purchase, snapshot))
    assert kept_after(frozen, purchase.lines, [{"b": Decimal(1)}], snapshot).points == {"points": 30}


def test_a_rule_that_needs_another_keeps_its_points_while_the_other_is_only_capped() -> None:
    snapshot = programme(
        rule("base", rate(1, 100), caps=Caps(day=10)), rule("extra", rate(1, 1_000), requires_base=True)
    )
    purchase = basket(line("a", 3_000), line("b", 2_000))
    frozen = freeze(evaluated(purchase, snapshot, used={"base": {"day": 10}}))
    assert frozen.points == {"points": 5}
    assert kept_after(frozen, purchase.lines, [{"b": Decimal(1)}], snapshot).points == {"points": 3}


def test_an_order_discount_comes_back_with_its_lines() -> None:
    purchase = basket(line("a", 200), line("b", 100), order_discount_minor=100)
    left = scale_lines(purchase, {"a": Decimal(1)})
    assert [(one.line_id, one.order_discount_minor) for one in left.lines] == [("b", 33)]
    assert left.order_discount_minor == 33


@pytest.mark.parametrize(
    ("refunded", "words"),
    [
        ({"a": Decimal(3)}, "cannot take back 3 of 2"),
        ({"a": Decimal(-1)}, "cannot take back -1 of 2"),
        ({"b": Decimal(1)}, "not lines of this purchase"),
    ],
)
def test_more_than_was_bought_cannot_come_back(refunded: dict[str, Decimal], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        scale_lines(basket(line("a", 100, "2")), refunded)


def test_another_version_evaluates_no_refund() -> None:
    purchase = basket(line("a", 100))
    frozen = freeze(evaluated(purchase, programme(rule("base", rate(1, 100)))))
    with pytest.raises(ValueError, match="evaluated with version 1, not 2"):
        reevaluate(frozen, purchase.lines, {}, programme(rule("base", rate(1, 100)), version=2))
