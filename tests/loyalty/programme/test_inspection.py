"""Programmes written as YAML with mistakes in them: each is told at its line and column, all in one look."""

import pytest

from loyalty.programme.decoding import ProgrammeUnreadableError, decode_programme_yaml
from loyalty.programme.inspection import inspect_yaml

HEAD = """\
name: Coffee
currency: EUR
fallback_language: en
wallets:
  - code: points
    names: {en: {one: point, other: points}}
primary_wallet: points
earn_rules:
"""
FIRST_LINE = HEAD.count("\n") + 1


def rule(*lines: str, code: str = "base") -> str:
    """A sound rule of three lines, and more."""
    head = (f"  - code: {code}", "    names: {en: Points}", "    formula: {kind: rate, points: 1, per_minor: 100}")
    return "\n".join((*head, *(f"    {line}" for line in lines), ""))


def found(text: str) -> list[tuple[int, int, str]]:
    """Line, column and code of each problem."""
    return [(problem.line, problem.column, problem.code) for problem in inspect_yaml(text)]


def test_a_sound_text_has_no_problems() -> None:
    assert inspect_yaml(HEAD + rule()) == []


def test_everything_is_told_at_once_what_cannot_be_read_and_what_makes_no_sense() -> None:
    text = (
        HEAD + rule("stackable: perhaps") + rule("wallet: stars", "surprise: 1", code="second") + rule(code="bad code")
    )
    text += rule("condition: purchase.totl > 1", code="last") + "expiry: {kind: someday}\n"
    assert found(text) == [
        (FIRST_LINE + 3, 16, "unreadable"),
        (FIRST_LINE + 7, 13, "unknown_wallet"),
        (FIRST_LINE + 8, 15, "unknown_member"),
        (FIRST_LINE + 9, 11, "bad_code"),
        (FIRST_LINE + 15, 24, "bad_condition"),
        (FIRST_LINE + 16, 16, "unknown_kind"),
    ]


def test_an_item_that_cannot_be_read_does_not_shift_the_places_of_others() -> None:
    text = HEAD + "  - code: nameless\n" + rule("requires_base: 1", "minimum_basket_minor: -1")
    assert [(problem.path, problem.code) for problem in inspect_yaml(text)] == [
        ("$.earn_rules[0].names", "missing"),
        ("$.earn_rules[0].formula", "missing"),
        ("$.earn_rules[1].requires_base", "unreadable"),
        ("$.earn_rules[1].minimum_basket_minor", "out_of_range"),
    ]


def test_what_names_a_part_that_cannot_be_read_is_not_told_as_well() -> None:
    text = HEAD + rule("tiers: [gold]") + "tiers:\n  - {code: gold, names: {en: Gold}, multiplier: 2}\n"
    assert [problem.path for problem in inspect_yaml(text)] == ["$.tiers[0].multiplier"]


@pytest.mark.parametrize(
    ("condition", "line", "column"),
    [
        (("condition: purchase.totl > 1",), 3, 24),
        (("condition: 'purchase.totl > 1'",), 3, 25),
        (('condition: "purchase.totl > 1"',), 3, 25),
        (("condition: |", "  member.is_birthday &&", "  purchase.totl > 1"), 5, 15),
        (("condition: >-", "  member.is_birthday &&", "  purchase.totl > 1"), 5, 15),
        (("condition:", "  member.is_birthday", "  && purchase.totl > 1"), 5, 18),
        (("condition: 'store.code == ''a'' && purchase.totl > 1'",), 3, 48),
        (('condition: "store.code == \\"a\\" && purchase.totl > 1"',), 3, 48),
    ],
)
def test_a_place_inside_a_condition_is_a_place_of_the_text(condition: tuple[str, ...], line: int, column: int) -> None:
    assert found(HEAD + rule(*condition)) == [(FIRST_LINE + line, column, "bad_condition")]


def test_a_text_that_is_no_yaml_is_told_where_it_breaks() -> None:
    assert found("name: [") == [(1, 8, "unreadable")]
    assert found("a: 1\na: 2") == [(2, 1, "unreadable")]
    assert {problem.code for problem in inspect_yaml("")} == {"unreadable"}
    assert {problem.code for problem in inspect_yaml("name: x")} == {"missing"}


def test_a_text_that_is_no_document_is_refused_with_all_that_cannot_be_read() -> None:
    with pytest.raises(ProgrammeUnreadableError) as refusal:
        decode_programme_yaml(HEAD + rule("stackable: perhaps", "priority: high"))
    assert [(problem.line, problem.column) for problem in refusal.value.problems] == [
        (FIRST_LINE + 3, 16),
        (FIRST_LINE + 4, 15),
    ]
