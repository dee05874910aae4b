"""What can never be: conditions that never hold, rules that pay nothing or stand in the shadow of others. Warnings."""

from collections.abc import Iterable

from loyalty.programme.action_rules import ActionRule
from loyalty.programme.checks.constants import never_holds
from loyalty.programme.checks.every_condition import conditions_of
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, ProgrammeProblem, warning
from loyalty.programme.rules import EarnRule, LineNames, Rule


def check_reach(document: ProgrammeDocument) -> Problems:
    """Every condition that the document itself keeps from holding, and every rule that it keeps from paying."""
    for placed in conditions_of(document):
        if why := never_holds(placed.source, placed.vocabulary, document):
            yield warning(placed.path, "never_holds", why)
    for place, rule in enumerate(document.earn_rules):
        path = f"$.earn_rules[{place}]"
        if (refused := _all_refused(rule.lines, rule.except_lines)) is not None:
            yield warning(f"{path}.except_lines.{refused}", "never_pays", "takes out every line that the rule picks")
        if shadow := next((other for other in document.earn_rules if _shadows(other, rule, document)), None):
            yield _shadowed(path, shadow, "purchases")
    for place, told in enumerate(document.action_rules):
        if darker := next((other for other in document.action_rules if _outdoes(other, told, document)), None):
            yield _shadowed(f"$.action_rules[{place}]", darker, "actions")
    yield from _check_company(document)


def _shadowed(path: str, by: Rule, what: str) -> ProgrammeProblem:
    why = f"hardly ever pays: {by.code!r} is for the same {what}, not stackable either, and wins"
    return warning(path, "shadowed", why)


def _check_company(document: ProgrammeDocument) -> Problems:
    """Rules that pay only when others do need others."""
    paying = [rule for rule in document.earn_rules if rule.formula.kind != "multiplier"]
    if paying and all(rule.requires_base for rule in paying):
        yield warning("$.earn_rules", "never_pays", "every rule waits for another one: none is without requires_base")
    weighed = {
        _wallet(rule, document)
        for rule in paying
        if rule.multiplied or (rule.multiplied is None and rule.formula.kind == "rate")
    }
    for place, rule in enumerate(document.earn_rules):
        if rule.formula.kind == "multiplier" and _wallet(rule, document) not in weighed:
            yield warning(f"$.earn_rules[{place}]", "never_pays", "no rule of its wallet is multiplied")


def _shadows(other: EarnRule, rule: EarnRule, document: ProgrammeDocument) -> bool:
    """Whether ``other`` wins over ``rule`` wherever that could pay, unless ``other`` comes to nothing there."""
    same_kind = (other.formula.kind == "multiplier") == (rule.formula.kind == "multiplier")
    return (
        same_kind
        and not other.requires_base
        and _wins(other, rule, document)
        and other.minimum_basket_minor <= rule.minimum_basket_minor
        and other.lines in (LineNames(), rule.lines)
        and other.except_lines in (LineNames(), rule.except_lines)
        and other.base == rule.base
        and other.formula.kind != "steps"
    )


def _outdoes(other: ActionRule, rule: ActionRule, document: ProgrammeDocument) -> bool:
    """The same for action rules, of which only a fixed one never comes to nothing."""
    return other.action == rule.action and other.formula.kind == "fixed" and _wins(other, rule, document)


def _wins(other: Rule, rule: Rule, document: ProgrammeDocument) -> bool:
    """Whether ``other`` applies wherever ``rule`` does, and is the one of the two that pays there."""
    return (
        other is not rule
        and not (other.stackable or rule.stackable)
        and (-other.priority, other.code) < (-rule.priority, rule.code)
        and _wallet(other, document) == _wallet(rule, document)
        and other.condition in ("", rule.condition)
        and other.windows in ((), rule.windows)
        and all(_covers(getattr(other, name), getattr(rule, name)) for name in _AUDIENCES)
    )


_AUDIENCES = ("stores", "channels", "segments", "tiers")


def _covers(wider: Iterable[str], narrower: Iterable[str]) -> bool:
    """An empty list restricts nothing."""
    wide, narrow = set(wider), set(narrower)
    return not wide or (bool(narrow) and narrow <= wide)


def _wallet(rule: Rule, document: ProgrammeDocument) -> str:
    return rule.wallet or document.primary_wallet


def _all_refused(chosen: LineNames, refused: LineNames) -> str | None:
    for name in ("categories", "brands", "skus", "kinds"):
        picked = getattr(chosen, name)
        if picked and set(picked) <= set(getattr(refused, name)):
            return name
    return None
