"""Conditions that cannot hold, as far as can be told without a solver: constants, ranges that leave nothing, names
that the document does not declare."""

import re
from typing import Final

from loyalty.programme.cel import ConditionRefusedError, Vocabulary
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.part import MAX_EXACT

_COMPARISON: Final = re.compile(r"([a-z][a-z0-9_.]*)\s*(==|<=|>=|<|>)\s*(-?\d+)")
_TIER: Final = re.compile(r"member\.tier\s*==\s*(['\"])(.*?)\1")
_SEGMENT: Final = re.compile(r"(['\"])(.*?)\1\s+in\s+member\.segments")
_ANYTHING_BUT_AND: Final = re.compile(r"\|\||[!?()'\"]")
_SIGNED: Final = frozenset({"member.balance_points", "member.spend_minor", "member.average_basket_minor"})
_OF_ANY_SIGN: Final = (-MAX_EXACT, MAX_EXACT)
_RANGES: Final = {
    f"{what}.{name}": bounds
    for what in ("purchase", "action")
    for name, bounds in {"weekday": (1, 7), "hour": (0, 23), "day": (1, 31), "month": (1, 12)}.items()
}


def never_holds(condition: str, vocabulary: Vocabulary, document: ProgrammeDocument) -> str:
    """Why ``condition`` cannot hold whatever happens; empty where nothing says so."""
    if _is_false_without_facts(condition, vocabulary):
        return "is false whatever happens"
    if fact := _empty_range(condition):
        return f"asks {fact} to be more and less than the same at once, or out of its range"
    if "||" in condition or "!" in condition:
        return ""
    for pattern, known, what in (
        (_TIER, {tier.code for tier in document.tiers} | {""}, "tier"),
        (_SEGMENT, {segment.code for segment in document.segments}, "segment"),
    ):
        for _, name in pattern.findall(condition):
            if name not in known:
                return f"asks for the {what} {name!r}, which is not declared"
    return ""


def _is_false_without_facts(condition: str, vocabulary: Vocabulary) -> bool:
    try:
        expression = vocabulary.condition(condition).expression
        return expression.eval(activation=vocabulary.activation({})).value() is False
    except (ConditionRefusedError, RuntimeError):
        return False


def _range_of(fact: str) -> tuple[int, int]:
    """The numbers that a fact can be. A field of an action can be any."""
    if fact in _SIGNED or (fact.startswith("action.") and fact not in _RANGES):
        return _OF_ANY_SIGN
    return _RANGES.get(fact, (0, MAX_EXACT))


def _empty_range(condition: str) -> str:
    """The fact whose comparisons leave no number, in a condition of comparisons that are joined by ``&&`` alone."""
    if _ANYTHING_BUT_AND.search(condition):
        return ""
    ranges: dict[str, tuple[int, int]] = {}
    for fact, operator, number in _COMPARISON.findall(condition):
        lowest, highest = ranges.get(fact) or _range_of(fact)
        bound = int(number)
        if operator in ("==", ">=", ">"):
            lowest = max(lowest, bound + (operator == ">"))
        if operator in ("==", "<=", "<"):
            highest = min(highest, bound - (operator == "<"))
        if lowest > highest:
            return str(fact)
        ranges[fact] = (lowest, highest)
    return ""
