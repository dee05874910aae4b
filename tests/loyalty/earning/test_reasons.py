from typing import Any

import pytest

from loyalty.earning.purchase import EarningPurchase, MemberFacts
from loyalty.programme.rules import Caps, EarnRule, LineNames, Window
from loyalty.programme.settings import Stacking
from loyalty.programme.tiers import Tier
from tests.loyalty.earning.making import (
    basket,
    evaluated,
    fixed,
    line,
    points_of,
    programme,
    rate,
    reasons_of,
    rule,
    times,
)

ONE_LINE = basket(line("a", 1_000, category="food/bread"))
GOLD = Tier(code="gold", names={"en": "Gold"})
PAID_WITH_POINTS = basket(line("a", 1_000, points_paid_minor=1_000))


@pytest.mark.parametrize(
    ("reason", "missing", "purchase"),
    [
        ("store", rule("r", fixed(5), stores=("hillside",)), ONE_LINE),
        ("channel", rule("r", fixed(5), channels=("web",)), ONE_LINE),
        ("tier", rule("r", fixed(5), tiers=("gold",)), ONE_LINE),
        ("segment", rule("r", fixed(5), segments=("vip",)), ONE_LINE),
        ("window", rule("r", fixed(5), windows=(Window(weekdays=(1,)),)), ONE_LINE),
        ("minimum", rule("r", fixed(5), minimum_basket_minor=1_001), ONE_LINE),
        ("condition_false", rule("r", fixed(5), condition="purchase.lines_count > 1"), ONE_LINE),
        ("condition_error", rule("r", fixed(5), condition="member.days_since_purchase > 5"), ONE_LINE),
        ("no_matching_lines", rule("r", fixed(5), lines=LineNames(categories=("food/breadcrumbs",))), ONE_LINE),
        ("no_matching_lines", rule("r", fixed(5)), basket(line("a", 1_000, kind="gift_card"))),
        ("no_matching_lines", rule("r", fixed(5)), basket()),
        ("base_zero", rule("r", rate(1, 100)), PAID_WITH_POINTS),
        ("base_zero", rule("r", fixed(5)), basket(line("a", 0))),
        ("below_one_point", rule("r", rate(1, 1_001)), ONE_LINE),
        ("no_base_rule", rule("r", fixed(5), requires_base=True), ONE_LINE),
        ("budget", rule("r", fixed(5), budget_points=100), ONE_LINE),
    ],
)
def test_a_rule_that_does_not_fire_says_why(reason: str, missing: EarnRule, purchase: EarningPurchase) -> None:
    snapshot = programme(missing, tiers=(GOLD,))
    evaluation = evaluated(purchase, snapshot)
    assert reasons_of(evaluation, snapshot) == {"r": reason}
    assert evaluation.groups == ()


def test_every_rule_either_fires_or_has_one_reason() -> None:
    rules = (
        rule("fires", fixed(5)),
        rule("other-store", fixed(5), stores=("hillside",), channels=("web",)),
        rule("too-small", fixed(5), minimum_basket_minor=9_999, condition="false"),
        rule("multiplier", times("2")),
    )
    snapshot = programme(*rules)
    evaluation = evaluated(ONE_LINE, snapshot)
    assert points_of(evaluation) == {"fires": 5}
    assert reasons_of(evaluation, snapshot) == {"other-store": "store", "too-small": "minimum"}
    assert evaluation.multipliers == ("multiplier",)


@pytest.mark.parametrize(
    ("stacking", "winner", "losers"),
    [
        (Stacking(), {"plain": 1, "second": 7}, {"first": "second", "third": "second"}),
        (Stacking(rules="best"), {"second": 7}, {"first": "second", "third": "second", "plain": "second"}),
    ],
)
def test_a_rule_that_lost_names_the_winner(stacking: Stacking, winner: dict[str, int], losers: dict[str, str]) -> None:
    snapshot = programme(
        rule("first", fixed(900), stackable=False, priority=1),
        rule("second", fixed(7), stackable=False, priority=3),
        rule("third", fixed(900), stackable=False, priority=3),
        rule("plain", fixed(1)),
        stacking=stacking,
    )
    evaluation = evaluated(ONE_LINE, snapshot)
    assert points_of(evaluation) == winner
    assert evaluation.details == losers
    assert set(reasons_of(evaluation, snapshot).values()) == {"lost_to"}


def test_wallets_do_not_compete() -> None:
    snapshot = programme(
        rule("points", fixed(5), stackable=False, priority=1),
        rule("stamps", fixed(1), stackable=False, priority=9, wallet="stamps"),
    )
    assert evaluated(ONE_LINE, snapshot).points_by_wallet == {"points": 5, "stamps": 1}


CAPPED: dict[str, Any] = {"caps": Caps(day=10, month=25)}


@pytest.mark.parametrize(
    ("used", "points", "cut_by"),
    [
        ({}, 7, ""),
        ({"r": {"day": 3}}, 7, ""),
        ({"r": {"day": 4}}, 6, "day"),
        ({"r": {"day": 9, "month": 20}}, 1, "day"),
        ({"r": {"day": 5, "month": 23}}, 2, "month"),
        ({"other": {"day": 10}}, 7, ""),
    ],
)
def test_caps_cut_to_what_the_tightest_leaves(used: dict[str, dict[str, int]], points: int, cut_by: str) -> None:
    evaluation = evaluated(ONE_LINE, programme(rule("r", fixed(7), **CAPPED)), used=used)
    assert [(paid.points, paid.before_limits, paid.cut_by) for paid in evaluation.fired] == [(points, 7, cut_by)]
    assert [(use.rule, use.period, use.period_key, use.points) for use in evaluation.cap_uses] == [
        ("r", "day", "2026-11-27", points),
        ("r", "month", "2026-11-01", points),
    ]


@pytest.mark.parametrize("used", [10, 11, 999])
def test_a_cap_that_is_used_up_pays_nothing_and_is_not_used_further(used: int) -> None:
    snapshot = programme(rule("r", fixed(7), **CAPPED))
    evaluation = evaluated(ONE_LINE, snapshot, used={"r": {"day": used}})
    assert reasons_of(evaluation, snapshot) == {"r": "capped"}
    assert evaluation.details == {"r": "day"}
    assert evaluation.cap_uses == ()


@pytest.mark.parametrize(("left", "points"), [(100, 7), (7, 7), (3, 3)])
def test_a_budget_cuts_to_what_was_leased(left: int, points: int) -> None:
    evaluation = evaluated(ONE_LINE, programme(rule("r", fixed(7), budget_points=1_000)), budget={"r": left})
    assert evaluation.points_by_wallet == {"points": points}
    assert evaluation.budget_uses == {"r": points}


def test_segments_need_one_in_common() -> None:
    snapshot = programme(rule("r", fixed(5), segments=("vip", "staff")))
    assert evaluated(ONE_LINE, snapshot, member=MemberFacts(segments=frozenset({"staff", "x"}))).fired
    assert not evaluated(ONE_LINE, snapshot, member=MemberFacts(segments=frozenset({"x"}))).fired
