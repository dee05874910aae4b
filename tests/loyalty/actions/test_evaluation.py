"""What an action earns, as tables: formulas, windows, conditions, limits, stacking, and the reason of each miss."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty.actions.evaluate import ActionEvaluation, EarningAction, evaluate_action
from loyalty.actions.explaining import explain_action
from loyalty.actions.freezing import freeze, given_back
from loyalty.earning.purchase import Headroom, MemberFacts
from loyalty.programme.snapshot import ProgrammeSnapshot
from tests.loyalty.actions.making import action, pays, with_actions

BERLIN = "Europe/Berlin"
FIELDS = [{"code": "score", "type": "int", "optional": True}, {"code": "fair", "type": "bool", "optional": True}]


def snapshot(*rules: dict[str, Any], **more: Any) -> ProgrammeSnapshot:
    fans = {"code": "fans", "names": {"en": "Fans"}, "condition": "member.purchases_count > 100"}
    return ProgrammeSnapshot(1, with_actions([action("game", fields=FIELDS)], list(rules), segments=[fans], **more))


def done(at: str = "2026-11-27T12:00", *, place_zone: str = BERLIN, **more: Any) -> EarningAction:
    """An action at a local time of Berlin."""
    local = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(BERLIN))
    return EarningAction(
        type="game",
        occurred_at=local.astimezone(UTC),
        local_date=local.date(),
        zone=BERLIN,
        place_zone=place_zone,
        channel="app",
        **more,
    )


def points(evaluation: ActionEvaluation) -> dict[str, int]:
    return {paid.rule: paid.points for paid in evaluation.fired}


def misses(evaluation: ActionEvaluation, programme: ProgrammeSnapshot) -> dict[str, str]:
    return {
        rule.code: reason
        for reason, bits in evaluation.missed.items()
        for rule in programme.actions["game"].among(bits)
    }


STEPS = [{"value": 5, "points": 10}, {"value": 8, "points": 25}]
PLACES = [{"value": 1, "points": 100}, {"value": 3, "points": 40}]
FORMULAS: list[tuple[dict[str, Any], dict[str, Any], int | str]] = [
    ({"kind": "fixed", "points": 7}, {}, 7),
    ({"kind": "per_unit", "points": 3, "field": "score"}, {"score": 4}, 12),
    ({"kind": "per_unit", "points": 3, "field": "score", "per": 5}, {"score": 14}, 6),
    ({"kind": "per_unit", "points": 3, "field": "score", "per": 5}, {"score": 4}, "below_one_point"),
    ({"kind": "per_unit", "points": 3, "field": "score"}, {"score": -4}, "below_one_point"),
    ({"kind": "per_unit", "points": 3, "field": "score"}, {}, "field_absent"),
    ({"kind": "per_unit", "points": 2**53 - 1, "field": "score"}, {"score": 2**53 - 1}, 2**53 - 1),
    ({"kind": "steps", "field": "score", "steps": STEPS}, {"score": 4}, "below_one_point"),
    ({"kind": "steps", "field": "score", "steps": STEPS}, {"score": 5}, 10),
    ({"kind": "steps", "field": "score", "steps": STEPS}, {"score": 800}, 25),
    ({"kind": "places", "field": "score", "steps": PLACES}, {"score": 1}, 100),
    ({"kind": "places", "field": "score", "steps": PLACES}, {"score": 2}, 40),
    ({"kind": "places", "field": "score", "steps": PLACES}, {"score": 4}, "below_one_point"),
]


@pytest.mark.parametrize(("formula", "fields", "expected"), FORMULAS)
def test_a_formula_pays(formula: dict[str, Any], fields: dict[str, Any], expected: int | str) -> None:
    programme = snapshot(pays("rule", "game", formula=formula))
    evaluation = evaluate_action(done(fields=fields), MemberFacts(), programme, Headroom())
    assert (points(evaluation) or misses(evaluation, programme)) == {"rule": expected}


GOLD = MemberFacts(tier="gold", purchases_count=2)
TIERS = {"tiers": [{"code": "gold", "names": {"en": "Gold"}}]}
AUDIENCES: list[tuple[dict[str, Any], EarningAction, str]] = [
    ({"tiers": ["gold"]}, done(), ""),
    ({"channels": ["system"]}, done(), "channel"),
    ({"stores": ["vera"]}, done(), "store"),
    ({"stores": ["vera"]}, done(store="vera"), ""),
    ({"segments": ["fans"]}, done(), "segment"),
    ({"condition": "'fans' in member.segments"}, done(), "condition_false"),
    ({"condition": "action.score > 3"}, done(fields={"score": 4}), ""),
    ({"condition": "action.score > 3"}, done(fields={"score": 3}), "condition_false"),
    ({"condition": "action.score > 3"}, done(), "condition_error"),
    ({"condition": "action.fair && member.purchases_count == 2"}, done(fields={"fair": True}), ""),
    ({"condition": "action.weekday == 5 && action.hour == 12 && action.day == 27 && action.month == 11"}, done(), ""),
    ({"condition": "action.store == 'vera'"}, done(store="vera"), ""),
    ({"condition": "action.store == 'vera'"}, done(), "condition_error"),
    ({"condition": "action.channel == 'app' && member.tier == 'gold'"}, done(), ""),
]


@pytest.mark.parametrize(("restriction", "what", "reason"), AUDIENCES)
def test_a_rule_is_for_those_whom_it_names(restriction: dict[str, Any], what: EarningAction, reason: str) -> None:
    programme = snapshot(pays("rule", "game", 10, **restriction), **TIERS)
    evaluation = evaluate_action(what, GOLD, programme, Headroom())
    assert misses(evaluation, programme) == ({"rule": reason} if reason else {})
    assert points(evaluation) == ({} if reason else {"rule": 10})


NIGHT = [{"from_time": "02:00", "until_time": "03:00"}]
WINDOWS = [
    ("2026-03-28T02:30", True),
    # On this night the hour from two to three does not exist: half past two is half past three.
    ("2026-03-29T02:30", False),
    ("2026-03-29T01:59", False),
    # On this one it exists twice, and both count.
    ("2026-10-25T02:30", True),
    ("2026-10-25T03:00", False),
]


@pytest.mark.parametrize(("at", "pays_then"), WINDOWS)
def test_a_window_is_local_also_in_the_nights_when_clocks_change(at: str, pays_then: bool) -> None:
    programme = snapshot(pays("rule", "game", 10, windows=NIGHT))
    assert points(evaluate_action(done(at), MemberFacts(), programme, Headroom())) == (
        {"rule": 10} if pays_then else {}
    )


def test_a_segment_by_condition_is_found() -> None:
    programme = snapshot(
        pays("fans-only", "game", 10, segments=["fans"]),
        pays("asked", "game", 5, condition="'fans' in member.segments"),
    )
    evaluation = evaluate_action(done(), MemberFacts(purchases_count=101), programme, Headroom())
    assert points(evaluation) == {"asked": 5, "fans-only": 10}


def test_a_window_is_local_to_the_store_where_there_is_one() -> None:
    programme = snapshot(pays("rule", "game", 10, windows=[{"from_time": "20:00", "until_time": "21:00"}]))
    in_tokyo = evaluate_action(done(place_zone="Asia/Tokyo"), MemberFacts(), programme, Headroom())
    assert points(in_tokyo) == {"rule": 10}
    assert misses(evaluate_action(done(), MemberFacts(), programme, Headroom()), programme) == {"rule": "window"}


def test_caps_and_budgets_cut_what_a_rule_pays_and_are_given_back() -> None:
    programme = snapshot(
        pays("capped", "game", 10, caps={"day": 12, "month": 100}),
        pays("full", "game", 10, caps={"week": 30}),
        pays("scarce", "game", 10, budget_points=1_000),
    )
    headroom = Headroom(
        used_points={"capped": {"day": 5, "month": 5}, "full": {"week": 30}}, budget_points={"scarce": 4}
    )
    evaluation = evaluate_action(done(), MemberFacts(), programme, headroom)
    assert points(evaluation) == {"capped": 7, "scarce": 4}
    assert misses(evaluation, programme) == {"full": "capped"}
    uses, budgets = given_back(freeze(evaluation), programme)
    assert {(use.rule, use.period, use.period_key): -use.points for use in uses} == {
        (use.rule, use.period, use.period_key): use.points for use in evaluation.cap_uses
    }
    assert budgets == {"scarce": -4}


def test_of_rules_that_do_not_stack_one_wins_whatever_their_order() -> None:
    rules = [
        pays("small", "game", 5, stackable=False),
        pays("large", "game", 50, stackable=False),
        pays("first", "game", 20, stackable=False, priority=1),
        pays("always", "game", 1),
    ]
    for order in (rules, rules[::-1]):
        programme = snapshot(*order)
        evaluation = evaluate_action(done(), MemberFacts(), programme, Headroom())
        assert points(evaluation) == {"always": 1, "first": 20}
        assert misses(evaluation, programme) == {"large": "lost_to", "small": "lost_to"}


def test_every_rule_is_explained() -> None:
    programme = snapshot(
        pays(
            "score-pays", "game", formula={"kind": "per_unit", "points": 3, "field": "score", "per": 5}, caps={"day": 4}
        ),
        pays("fans-only", "game", 10, segments=["fans"]),
    )
    evaluation = evaluate_action(done(fields={"score": 14}), MemberFacts(), programme, Headroom())
    paid, missed = explain_action(freeze(evaluation), programme, language="en")
    assert (paid.outcome, paid.points, paid.basis, paid.arithmetic) == ("paid", 4, "score 14", "2 x 3 = 6")
    assert (paid.before_limits, paid.cut_by) == (6, "day")
    assert (missed.outcome, missed.reason, missed.detail) == ("missed", "segment", "not for the member's segments")
