"""Earn rules that cannot pay, or hardly: conditions that never hold, rules in the shadow of others. Warnings."""

from collections.abc import Iterable

from loyalty.programme.checks.constants import never_holds
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems, warning
from loyalty.programme.rules import EarnRule, LineNames


def check_reach(document: ProgrammeDocument) -> Problems:
    """Every rule that the document itself keeps from paying."""
    for place, rule in enumerate(document.earn_rules):
        path = f"$.earn_rules[{place}]"
        if why := never_holds(rule.condition, document):
            yield warning(f"{path}.condition", "never_holds", why)
        if (refused := _all_refused(rule.lines, rule.except_lines)) is not None:
            yield warning(f"{path}.except_lines.{refused}", "never_pays", "takes out every line that the rule picks")
        if shadow := next((other for other in document.earn_rules if _shadows(other, rule, document)), None):
            why = f"hardly ever pays: {shadow.code!r} is for the same purchases, not stackable either, and wins"
            yield warning(path, "shadowed", why)
    yield from _check_company(document)


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
    if other is rule or other.stackable or rule.stackable or other.requires_base:
        return False
    same_kind = (other.formula.kind == "multiplier") == (rule.formula.kind == "multiplier")
    wins = (-other.priority, other.code) < (-rule.priority, rule.code)
    return (
        same_kind
        and wins
        and _wallet(other, document) == _wallet(rule, document)
        and other.condition in ("", rule.condition)
        and other.minimum_basket_minor <= rule.minimum_basket_minor
        and other.windows in ((), rule.windows)
        and other.lines in (LineNames(), rule.lines)
        and other.except_lines in (LineNames(), rule.except_lines)
        and other.base == rule.base
        and other.formula.kind != "steps"
        and all(_covers(getattr(other, name), getattr(rule, name)) for name in _AUDIENCES)
    )


_AUDIENCES = ("stores", "channels", "segments", "tiers")


def _covers(wider: Iterable[str], narrower: Iterable[str]) -> bool:
    """An empty list restricts nothing."""
    wide, narrow = set(wider), set(narrower)
    return not wide or (bool(narrow) and narrow <= wide)


def _wallet(rule: EarnRule, document: ProgrammeDocument) -> str:
    return rule.wallet or document.primary_wallet


def _all_refused(chosen: LineNames, refused: LineNames) -> str | None:
    for name in ("categories", "brands", "skus", "kinds"):
        picked = getattr(chosen, name)
        if picked and set(picked) <= set(getattr(refused, name)):
            return name
    return None
