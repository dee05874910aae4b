"""Caps per member and budgets per programme: cutting what a rule pays to what is left."""

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from loyalty.earning.calendar import period_keys
from loyalty.earning.evaluation import CapUse, FiredRule
from loyalty.earning.purchase import Headroom
from loyalty.earning.reasons import Reasons
from loyalty.earning.stacking import AnyRule
from loyalty.programme.compiled import Terms
from loyalty.programme.part import MAX_EXACT


def within_limits(rule: Terms, points: int, headroom: Headroom) -> tuple[int, str]:
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


def limited(
    priced: Iterable[tuple[AnyRule, FiredRule]], headroom: Headroom, reasons: Reasons
) -> list[tuple[AnyRule, FiredRule]]:
    """What the rules pay within their limits. Those that are left nothing are noted in ``reasons``."""
    fired: list[tuple[AnyRule, FiredRule]] = []
    for rule, paid in priced:
        points, cut_by = within_limits(rule, paid.points, headroom)
        if not cut_by:
            fired.append((rule, paid))
        elif points:
            fired.append((rule, replace(paid, points=points, cut_by=cut_by)))
        else:
            reasons.miss(rule, "budget" if cut_by == "budget" else "capped", cut_by)
    return fired


def cap_uses(fired: Iterable[tuple[Terms, FiredRule]], local_date: date) -> tuple[CapUse, ...]:
    """What the rules that fired took of their caps."""
    keys = period_keys(local_date)
    return tuple(
        [CapUse(rule.code, period, keys[period], paid.points) for rule, paid in fired for period, _ in rule.caps]
    )
