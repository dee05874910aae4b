"""Action rules."""

from collections.abc import Mapping

from loyalty.programme.action_facts import vocabulary_of
from loyalty.programme.action_kinds import fields_of
from loyalty.programme.action_rules import ActionFormula
from loyalty.programme.actions import ActionType
from loyalty.programme.checks.conditions import check_condition
from loyalty.programme.checks.every_condition import is_told
from loyalty.programme.checks.kinds import check_kind
from loyalty.programme.checks.names import check_codes, check_known
from loyalty.programme.checks.rules import check_rule
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, ProgrammeProblem

FORMULA_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "fixed": ("points",),
    "per_unit": ("points", "field", "per"),
    "steps": ("field", "steps"),
    "places": ("field", "steps"),
}


def check_action_rules(document: ProgrammeDocument) -> Problems:
    """Every action rule. Its code is not that of an earn rule either."""
    yield from check_codes(
        [rule.code for rule in document.action_rules],
        "$.action_rules",
        taken=[rule.code for rule in document.earn_rules],
    )
    actions = {action.code: action for action in document.actions}
    for place, rule in enumerate(document.action_rules):
        path = f"$.action_rules[{place}]"
        yield from check_known(rule.action, actions, f"{path}.action", "unknown_action")
        yield from check_rule(rule, path, document)
        action = actions.get(rule.action)
        yield from _check_formula(rule.formula, f"{path}.formula", action)
        if action is not None and is_told(action):
            yield from check_condition(rule.condition, f"{path}.condition", vocabulary_of(action))


def _check_formula(formula: ActionFormula, path: str, action: ActionType | None) -> Problems:
    yield from check_kind(formula, formula.kind, FORMULA_MEMBERS, path)
    used = FORMULA_MEMBERS.get(formula.kind, ())
    for name in ("points", "per"):
        if name in used and getattr(formula, name) < 1:
            yield ProgrammeProblem(f"{path}.{name}", "out_of_range", "is below 1")
    if "field" in used and action is not None:
        numbers = [field.code for field in fields_of(action) if field.type == "int"]
        yield from check_known(formula.field, numbers, f"{path}.field", "unknown_field")
    if "steps" in used and not formula.steps:
        yield ProgrammeProblem(f"{path}.steps", "missing", "has no step")
    for place, step in enumerate(formula.steps):
        before = formula.steps[place - 1] if place else None
        if before and step.value <= before.value:
            yield ProgrammeProblem(f"{path}.steps[{place}].value", "not_ascending", "is not above the step before")
        if step.points < 1:
            yield ProgrammeProblem(f"{path}.steps[{place}].points", "out_of_range", "is below 1")
