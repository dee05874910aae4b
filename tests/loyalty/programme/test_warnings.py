"""What a document may say and probably does not mean: warnings, which keep nothing from being published."""

from typing import Any

import pytest

from loyalty.programme.problems import errors_among
from loyalty.programme.validation import validate
from tests.programmes import POINTS, fixed, programme, rate

GOLD = {"code": "gold", "names": {"en": "Gold"}}


def warned(*rules: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """Path and code of each problem; none is an error."""
    problems = validate(programme(*rules, **more))
    assert errors_among(problems) == []
    return [(problem.path, problem.code) for problem in problems]


@pytest.mark.parametrize(
    "condition",
    [
        "false",
        "1 > 2 && purchase.total_minor > 5",
        "purchase.total_minor > 500 && purchase.total_minor < 400",
        "purchase.total_minor > 500 && purchase.total_minor <= 500",
        "purchase.weekday == 8",
        "purchase.hour >= 24",
        "member.purchases_count < 0",
        "member.tier == 'silver'",
        "member.is_birthday && 'vip' in member.segments",
    ],
)
def test_a_condition_that_cannot_hold_is_pointed_out(condition: str) -> None:
    assert warned(rate(condition=condition), tiers=[GOLD]) == [("$.earn_rules[0].condition", "never_holds")]


@pytest.mark.parametrize(
    "condition",
    [
        "purchase.total_minor > 500 && purchase.total_minor < 502",
        "purchase.total_minor > 500 || purchase.total_minor < 400",
        "member.balance_points < 0",
        "member.tier == 'gold'",
        "member.tier == ''",
        "!(member.tier == 'silver')",
        "purchase.weekday == 7",
        "'a' in purchase.skus",
        "store.code == 'a > 1 && a < 0'",
    ],
)
def test_a_condition_that_may_hold_is_not(condition: str) -> None:
    assert warned(rate(condition=condition), tiers=[GOLD]) == []


LOSER = fixed("b", 5, stackable=False, priority=1)


@pytest.mark.parametrize(
    ("winner", "loser", "shadowed"),
    [
        (fixed("a", 9, stackable=False, priority=2), LOSER, True),
        (fixed("a", 9, stackable=False, priority=1), LOSER, True),
        (fixed("a", 9, stackable=True, priority=2), LOSER, False),
        (fixed("a", 9, stackable=False, priority=2, stores=["x"]), LOSER, False),
        (fixed("a", 9, stackable=False, priority=2, stores=["x", "y"]), LOSER | {"stores": ["x"]}, True),
        (fixed("a", 9, stackable=False, priority=2, condition="member.is_birthday"), LOSER, False),
        (fixed("a", 9, stackable=False, priority=2), LOSER | {"condition": "member.is_birthday"}, True),
        (fixed("a", 9, stackable=False, priority=2, minimum_basket_minor=500), LOSER, False),
        (fixed("a", 9, stackable=False, priority=2, lines={"brands": ["x"]}), LOSER, False),
        (fixed("a", 9, stackable=False, priority=2, requires_base=True), LOSER, False),
    ],
)
def test_a_rule_in_the_shadow_of_another_is_pointed_out(
    winner: dict[str, Any], loser: dict[str, Any], *, shadowed: bool
) -> None:
    assert warned(rate(), winner, loser) == ([("$.earn_rules[2]", "shadowed")] if shadowed else [])


def test_rules_that_never_pay_are_pointed_out() -> None:
    twice = {"code": "x2", "names": {"en": "x2"}, "formula": {"kind": "multiplier", "factor": "2"}}
    assert warned(fixed("gift", 5), twice) == [("$.earn_rules[1]", "never_pays")]
    assert warned(rate(requires_base=True)) == [("$.earn_rules", "never_pays")]
    refused = rate(lines={"brands": ["x"]}, except_lines={"brands": ["x", "y"]})
    assert warned(refused) == [("$.earn_rules[0].except_lines.brands", "never_pays")]
    assert warned(rate(points=2**40, per_minor=1)) == [("$.earn_rules[0].formula", "overflows")]


def test_a_language_that_some_texts_lack_is_listed_once() -> None:
    rules = (rate(names={"en": "Base", "ru": "База"}), fixed("gift", 5))
    (problem,) = validate(programme(*rules))
    assert (problem.path, problem.code, problem.severity) == ("$.wallets[0].names", "half_translated", "warning")
    assert problem.message == "'ru' is missing in 2 of 3 texts: $.wallets[0].names, $.earn_rules[1].names"
    whole = {"ru": {"one": "балл", "few": "балла", "many": "баллов", "other": "балла"}}
    named = POINTS | {"names": POINTS["names"] | whole}  # type: ignore[operator]
    assert validate(programme(rules[0], wallets=[named])) == []


def test_a_condition_that_asks_every_name_about_every_other_is_too_expensive() -> None:
    nested = "purchase.skus.exists(a, purchase.brands.exists(b, purchase.tags.exists(c, a + b == c)))"
    (problem,) = validate(programme(rate(condition=nested)))
    assert (problem.code, problem.severity) == ("too_expensive", "error")
    assert validate(programme(rate(condition="purchase.skus.exists(a, a.startsWith('x'))"))) == []


QUIZ = {
    "code": "quiz",
    "names": {"en": "Quiz"},
    "kind": "custom",
    "reported_by": ["system"],
    "fields": [{"code": "score", "type": "int"}],
}


def pays(code: str, **more: Any) -> dict[str, Any]:
    formula = {"kind": "fixed", "points": 1}
    return {"code": code, "names": {"en": code}, "action": "quiz", "formula": formula, **more}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("false", False),
        ("action.score > 5 && action.score < 5", False),
        ("action.score < 0", True),
        ("action.weekday == 8", False),
        ("member.tier == 'silver'", False),
        ("'vip' in member.segments", False),
        ("action.score > 5 && member.tier == 'gold'", True),
    ],
)
def test_conditions_of_action_rules_are_looked_at_too(condition: str, *, holds: bool) -> None:
    found = warned(actions=[QUIZ], action_rules=[pays("a", condition=condition)], tiers=[GOLD])
    assert found == ([] if holds else [("$.action_rules[0].condition", "never_holds")])


def test_so_are_those_of_rewards_and_segments() -> None:
    mug = {"code": "mug", "names": {"en": "Mug"}, "effect": {"kind": "gift"}, "prices": [{"points": 1}]}
    condition = "member.tier == 'silver'"
    segment = {"code": "vip", "names": {"en": "VIP"}, "condition": condition}
    found = warned(rewards=[mug | {"condition": condition}], segments=[segment], tiers=[GOLD])
    assert found == [("$.rewards[0].condition", "never_holds"), ("$.segments[0].condition", "never_holds")]


@pytest.mark.parametrize(
    ("winner", "shadowed"),
    [
        (pays("a", stackable=False), True),
        (pays("a", stackable=False, tiers=["gold"]), False),
        (pays("a"), False),
        (pays("a", stackable=False, formula={"kind": "per_unit", "points": 1, "field": "score"}), False),
    ],
)
def test_an_action_rule_in_the_shadow_of_another_is_pointed_out(winner: dict[str, Any], *, shadowed: bool) -> None:
    found = warned(actions=[QUIZ], action_rules=[winner, pays("b", stackable=False)], tiers=[GOLD])
    assert found == ([("$.action_rules[1]", "shadowed")] if shadowed else [])


def test_a_list_of_a_member_asked_about_itself_is_too_expensive_wherever_it_stands() -> None:
    nested = "member.segments.exists(a, member.segments.exists(b, member.segments.exists(c, a + b == c)))"
    mug = {"code": "mug", "names": {"en": "Mug"}, "effect": {"kind": "gift"}, "condition": nested}
    problems = validate(programme(actions=[QUIZ], action_rules=[pays("a", condition=nested)], rewards=[mug]))
    assert {(problem.path, problem.code) for problem in problems} == {
        ("$.action_rules[0].condition", "too_expensive"),
        ("$.rewards[0].condition", "too_expensive"),
    }
