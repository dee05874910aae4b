"""What is wrong with goals is told at its place, everything at once."""

from typing import Any

import pytest

from loyalty.programme.validation import validate
from tests.loyalty.actions.making import action
from tests.loyalty.goals.making import above, at_least, goal
from tests.programmes import programme


def problems(*goals: dict[str, Any]) -> list[tuple[str, str]]:
    made = programme(actions=[action("volume", "sales_volume"), action("survey")], goals=list(goals))
    return [(problem.path.removeprefix("$.goals"), problem.code) for problem in validate(made)]


def test_a_sound_goal_has_no_problem() -> None:
    assert problems(goal("month", at_least("a", 1), above("b", 110)), goal("week", period="week")) == []


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (goal("x" * 49), "[0].code", "text_too_long"),
    (goal(action="survey"), "[0].action", "unknown_action"),
    (goal(thresholds=[]), "[0].thresholds", "missing"),
    (goal("g", {"code": "a"}), "[0].thresholds[0]", "missing"),
    (goal("g", {"code": "a", "amount": 1, "percent_of_average": 110}), "[0].thresholds[0]", "too_many"),
    (goal("g", at_least("a", 0)), "[0].thresholds[0].amount", "out_of_range"),
    (goal("g", at_least("a", 2), at_least("b", 2)), "[0].thresholds[1].amount", "not_ascending"),
    (goal("g", at_least("a", 2), at_least("a", 3)), "[0].thresholds[1].code", "duplicate_code"),
    (goal("g", above("a", 10_001)), "[0].thresholds[0].percent_of_average", "out_of_range"),
    (goal(average={"periods": 25}), "[0].average.periods", "out_of_range"),
    (goal(average={"periods": 2}), "[0].average.minimum_periods", "out_of_range"),
    (goal(lines={"kinds": ["moon"]}), "[0].lines.kinds[0]", "unknown_line_kind"),
]


@pytest.mark.parametrize(("wrong", "path", "code"), WRONG)
def test_a_wrong_goal_is_named(wrong: dict[str, Any], path: str, code: str) -> None:
    assert problems(wrong) == [(path, code)]
