"""Conditions that cannot hold, as far as can be told without a solver: constants, ranges that leave nothing, names
that the document does not declare."""

import re
from typing import Final

from loyalty.programme.cel import PURCHASES, ConditionRefusedError
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.part import MAX_EXACT

_COMPARISON: Final = re.compile(r"([a-z_.]+)\s*(==|<=|>=|<|>)\s*(-?\d+)")
_TIER: Final = re.compile(r"member\.tier\s*==\s*(['\"])(.*?)\1")
_SEGMENT: Final = re.compile(r"(['\"])(.*?)\1\s+in\s+member\.segments")
_ANYTHING_BUT_AND: Final = re.compile(r"\|\||[!?()'\"]")
_SIGNED: Final = frozenset({"member.balance_points", "member.spend_minor", "member.average_basket_minor"})
_RANGES: Final = {
    "purchase.weekday": (1, 7),
    "purchase.hour": (0, 23),
    "purchase.day": (1, 31),
    "purchase.month": (1, 12),
}


def never_holds(condition: str, document: ProgrammeDocument) -> str:
    """Why ``condition`` cannot hold for any purchase; empty where nothing says so."""
    if not condition:
        return ""
    if _is_false_without_facts(condition):
        return "is false whatever is bought"
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


def _is_false_without_facts(condition: str) -> bool:
    try:
        expression = PURCHASES.condition(condition).expression
        return expression.eval(activation=PURCHASES.activation({})).value() is False
    except (ConditionRefusedError, RuntimeError):
        return False


def _empty_range(condition: str) -> str:
    """The fact whose comparisons leave no number, in a condition of comparisons that are joined by ``&&`` alone."""
    if _ANYTHING_BUT_AND.search(condition):
        return ""
    ranges: dict[str, tuple[int, int]] = {}
    for fact, operator, number in _COMPARISON.findall(condition):
        lowest, highest = ranges.get(fact, _RANGES.get(fact, (-MAX_EXACT if fact in _SIGNED else 0, MAX_EXACT)))
        bound = int(number)
        if operator in ("==", ">=", ">"):
            lowest = max(lowest, bound + (operator == ">"))
        if operator in ("==", "<=", "<"):
            highest = min(highest, bound - (operator == "<"))
        if lowest > highest:
            return str(fact)
        ranges[fact] = (lowest, highest)
    return ""
