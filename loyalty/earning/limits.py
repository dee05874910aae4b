"""Caps per member and budgets per programme: cutting what a rule pays to what is left."""

from collections.abc import Iterable
from datetime import date

from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluation import CapUse, FiredRule
from loyalty.earning.purchase import Headroom
from loyalty.programme.compiled import CompiledRule
from loyalty.programme.part import MAX_EXACT


def within_limits(rule: CompiledRule, points: int, headroom: Headroom) -> tuple[int, str]:
    """The points that every limit of ``rule`` allows, and the name of the tightest one that cut, or ""."""
    allowed, cut_by = (points, "") if points <= MAX_EXACT else (MAX_EXACT, "maximum")
    if rule.caps:
        used = headroom.used_points.get(rule.code)
        for period, cap in rule.caps:
            left = cap - used.get(period, 0) if used else cap
            if left < allowed:
                allowed, cut_by = max(left, 0), period
    if rule.budgeted:
        left = headroom.budget_points.get(rule.code, 0)
        if left < allowed:
            allowed, cut_by = max(left, 0), "budget"
    return allowed, cut_by


def cap_uses(fired: Iterable[tuple[CompiledRule, FiredRule]], local_date: date) -> tuple[CapUse, ...]:
    """What the rules that fired took of their caps."""
    keys = period_keys(local_date)
    return tuple(
        [CapUse(rule.code, period, keys[period], paid.points) for rule, paid in fired for period, _ in rule.caps]
    )
