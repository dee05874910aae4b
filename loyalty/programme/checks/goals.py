"""Goals: what counts, in which period, and how much of it."""

from loyalty.programme.checks.lines import check_lines
from loyalty.programme.checks.names import check_codes, check_known, check_names
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.goals import Goal, GoalThreshold
from loyalty.programme.problems import Problems, ProgrammeProblem

MAX_CODE_CHARACTERS = 48
"""Of goals and thresholds: both stand in the natural key of an action."""
MAX_PERIODS = 24
MAX_PERCENT = 10_000
_NUMBERS = ("amount", "percent_of_average")


def check_goals(document: ProgrammeDocument) -> Problems:
    """Every goal."""
    yield from check_codes([goal.code for goal in document.goals], "$.goals")
    kinds = [action.code for action in document.actions if action.kind == "sales_volume"]
    for place, goal in enumerate(document.goals):
        path = f"$.goals[{place}]"
        yield from _check_length(goal.code, path)
        yield from check_names(goal.names, f"{path}.names", document.fallback_language)
        yield from check_known(goal.action, kinds, f"{path}.action", "unknown_action")
        yield from check_lines(goal.lines, f"{path}.lines")
        yield from check_lines(goal.except_lines, f"{path}.except_lines")
        yield from _check_thresholds(goal, f"{path}.thresholds")
        yield from _check_average(goal, f"{path}.average")


def _check_thresholds(goal: Goal, path: str) -> Problems:
    if not goal.thresholds:
        yield ProgrammeProblem(path, "missing", "has no threshold")
    yield from check_codes([threshold.code for threshold in goal.thresholds], path)
    highest = dict.fromkeys(_NUMBERS, 0)
    for place, threshold in enumerate(goal.thresholds):
        where = f"{path}[{place}]"
        yield from _check_length(threshold.code, where)
        yield from _check_numbers(threshold, where)
        for name in _NUMBERS:
            number = getattr(threshold, name)
            if number is not None and number <= highest[name]:
                problem = "is below 1" if not number else "is not above the threshold before"
                yield ProgrammeProblem(f"{where}.{name}", "not_ascending" if number else "out_of_range", problem)
            highest[name] = max(highest[name], number or 0)


def _check_numbers(threshold: GoalThreshold, path: str) -> Problems:
    given = [name for name in _NUMBERS if getattr(threshold, name) is not None]
    if len(given) != 1:
        yield ProgrammeProblem(path, "missing" if not given else "too_many", f"needs one of: {', '.join(_NUMBERS)}")
    if (threshold.percent_of_average or 0) > MAX_PERCENT:
        yield ProgrammeProblem(f"{path}.percent_of_average", "out_of_range", f"is above {MAX_PERCENT}")


def _check_average(goal: Goal, path: str) -> Problems:
    average = goal.average
    if not 1 <= average.periods <= MAX_PERIODS:
        yield ProgrammeProblem(f"{path}.periods", "out_of_range", f"is not from 1 to {MAX_PERIODS}")
    if not 1 <= average.minimum_periods <= average.periods:
        problem = f"is not from 1 to the {average.periods} periods of the average"
        yield ProgrammeProblem(f"{path}.minimum_periods", "out_of_range", problem)


def _check_length(code: str, path: str) -> Problems:
    if len(code) > MAX_CODE_CHARACTERS:
        yield ProgrammeProblem(f"{path}.code", "text_too_long", f"is longer than {MAX_CODE_CHARACTERS} characters")
