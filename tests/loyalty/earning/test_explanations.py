import msgspec
import pytest

from loyalty.earning.explaining import explain
from loyalty.earning.freezing import FrozenEvaluation, freeze, thaw
from loyalty.earning.purchase import MemberFacts
from loyalty.programme.rules import Caps, EarnRule, Formula, LineNames, Step
from loyalty.programme.tiers import Tier
from tests.loyalty.earning.making import (
    basket,
    evaluated,
    fixed,
    line,
    per_item,
    programme,
    rate,
    rule,
    times,
)

RED = LineNames(tags=("red",))


def explained(*rules: EarnRule, amount_minor: int = 1_900, quantity: str = "3") -> dict[str, str]:
    """The arithmetic of each rule that paid, on one red line and one free one."""
    snapshot = programme(*rules)
    purchase = basket(line("a", amount_minor, quantity, tags=("red",)), line("free", 0))
    rows = explain(freeze(evaluated(purchase, snapshot)), snapshot)
    return {row.rule: row.arithmetic for row in rows if row.outcome == "paid"}


@pytest.mark.parametrize(
    ("rules", "arithmetic"),
    [
        ((rule("r", rate(1, 100)),), "19"),
        ((rule("r", rate(1, 300)),), "about 6.333333 -> 6"),
        ((rule("r", rate(1, 100)), rule("x", times("1.5"))), "19 x 1.5 = 28.5 -> 28"),
        ((rule("r", rate(1, 100), rounding="round"), rule("x", times("1.5"))), "19 x 1.5 = 28.5 -> 29"),
        ((rule("r", rate(1, 100)), rule("x", times("2")), rule("y", times("3"), lines=RED)), "19 x 6 = 114"),
        ((rule("r", per_item(5)),), "15"),
        ((rule("r", fixed(4), multiplied=True), rule("x", times("1.5"))), "4 x 1.5 = 6"),
        (
            (rule("r", Formula(kind="steps", steps=(Step(from_minor=0, points=1), Step(from_minor=1_900, points=8)))),),
            "8",
        ),
    ],
)
def test_the_arithmetic_is_shown_as_people_would_write_it(rules: tuple[EarnRule, ...], arithmetic: str) -> None:
    assert explained(*rules)["r"] == arithmetic


def test_part_of_an_item_counts_only_where_fractions_do() -> None:
    arithmetic = explained(rule("whole", per_item(10)), rule("exact", per_item(10, fractions=True)), quantity="2.55")
    assert arithmetic == {"whole": "20", "exact": "25.5 -> 25"}


GOLD = Tier(code="gold", names={"en": "Gold", "ru": "Золото"}, multiplier="1.25")
SNAPSHOT = programme(
    rule("base", rate(1, 100), caps=Caps(day=20)),
    rule("bonus", fixed(5), condition="purchase.total_minor > 9000"),
    rule("broken", fixed(5), condition="member.days_since_purchase > 1"),
    rule("loser", fixed(5), stackable=False),
    rule("winner", fixed(6), stackable=False, priority=1),
    rule("x2", times("2"), lines=RED),
    tiers=(GOLD,),
)


def frozen() -> FrozenEvaluation:
    """A sale in which every kind of outcome occurs."""
    purchase = basket(line("a", 1_000, tags=("red",)))
    member = MemberFacts(tier="gold", segments=frozenset({"vip"}))
    return freeze(evaluated(purchase, SNAPSHOT, member=member, used={"base": {"day": 4}}))


def test_an_explanation_has_a_row_for_every_rule() -> None:
    rows = explain(frozen(), SNAPSHOT, language="ru-RU")
    assert [
        (row.rule, row.outcome, row.points, row.arithmetic or row.reason, row.cut_by or row.detail) for row in rows
    ] == [
        ("base", "paid", 16, "10 x 2.5 = 25", "day"),
        ("winner", "paid", 6, "6", ""),
        ("x2", "multiplied", 0, "x 2", ""),
        ("tier:gold", "multiplied", 0, "x 1.25", ""),
        ("broken", "missed", 0, "condition_error", "absent: member.days_since_purchase"),
        ("bonus", "missed", 0, "condition_false", "the condition does not hold"),
        ("loser", "missed", 0, "lost_to", "winner"),
    ]
    assert {row.programme_version for row in rows} == {1}
    assert [row.name for row in rows if row.rule == "tier:gold"] == ["Золото"]


def test_a_frozen_evaluation_survives_json() -> None:
    kept = frozen()
    text = msgspec.json.encode(kept)
    assert thaw(text) == kept
    assert thaw(text.decode()) == kept
    assert thaw(msgspec.json.decode(text)) == kept


def test_a_frozen_evaluation_holds_no_lines_and_no_unused_facts() -> None:
    kept = msgspec.json.decode(msgspec.json.encode(frozen()))
    assert kept["purchase"]["lines"] == []
    assert kept["member"] == {"tier": "gold", "segments": ["vip"]}


def test_a_later_format_is_not_misread() -> None:
    with pytest.raises(msgspec.ValidationError, match="later release"):
        thaw(msgspec.json.encode(msgspec.structs.replace(frozen(), format=2)))


def test_another_version_explains_nothing() -> None:
    with pytest.raises(ValueError, match="evaluated with version 1, not 2"):
        explain(frozen(), programme(rule("base", rate(1, 100)), version=2))
