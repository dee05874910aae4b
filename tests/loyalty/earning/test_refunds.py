from decimal import Decimal

import pytest

from loyalty.earning.freezing import freeze
from loyalty.earning.refunding import Kept, kept_after, reevaluate, taken_back
from loyalty.earning.shares import scale_lines
from loyalty.programme.rules import Caps
from tests.loyalty.earning.making import basket, evaluated, fixed, line, programme, rate, rule


def test_a15_returning_one_of_two_units_halves_what_was_earned() -> None:
    snapshot = programme(rule("base", rate(1, 100_000)))
    purchase = basket(line("a", 2_000_000, "2"))
    frozen = freeze(evaluated(purchase, snapshot))
    assert frozen.points == {"points": 20}
    assert kept_after(frozen, purchase.lines, {"a": Decimal(1)}, snapshot) == Kept({"points": 10}, {"base": 10})


def test_a_capped_purchase_gives_back_only_what_it_no_longer_deserves() -> None:
    snapshot = programme(rule("base", rate(1, 100), caps=Caps(day=60)))
    purchase = basket(line("a", 10_000, "10"))
    frozen = freeze(evaluated(purchase, snapshot, used={"base": {"day": 10}}))
    assert frozen.points == {"points": 50}
    assert kept_after(frozen, purchase.lines, {"a": Decimal(4)}, snapshot).points == {"points": 50}
    step = taken_back(
        frozen, purchase.lines, refunded_before={"a": Decimal(4)}, refunded_after={"a": Decimal(7)}, programme=snapshot
    )
    assert step.points == {"points": 20}
    assert [(use.period, use.period_key, use.points) for use in step.cap_uses] == [("day", "2026-11-27", 20)]


def test_a_purchase_that_falls_below_a_minimum_loses_the_bonus() -> None:
    snapshot = programme(rule("bonus", fixed(50), minimum_basket_minor=5_000))
    purchase = basket(line("a", 3_000), line("b", 2_000))
    frozen = freeze(evaluated(purchase, snapshot))
    assert kept_after(frozen, purchase.lines, {"b": Decimal(1)}, snapshot).points == {"points": 0}


def test_a_refund_never_earns_more_than_the_sale() -> None:
    snapshot = programme(rule("small", fixed(50), condition="purchase.lines_count < 2"), rule("base", rate(1, 100)))
    purchase = basket(line("a", 3_000), line("b", 2_000))
    frozen = freeze(evaluated(purchase, snapshot))
    assert reevaluate(frozen, purchase.lines, {"b": Decimal(1)}, snapshot).points_by_wallet == {"points": 80}
    assert kept_after(frozen, purchase.lines, {"b": Decimal(1)}, snapshot).points == {"points": 50}


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
