"""Points of several rules that become one lot: those of one wallet that wait and expire alike."""

from collections.abc import Iterable
from datetime import date

from loyalty.earning.calendar import available_from
from loyalty.earning.evaluation import EarnGroup, FiredRule
from loyalty.programme.compiled import Terms
from loyalty.programme.part import MAX_EXACT
from loyalty.programme.snapshot import ProgrammeSnapshot


def earn_groups(
    fired: Iterable[tuple[Terms, FiredRule]], programme: ProgrammeSnapshot, tier: str, *, local_date: date, zone: str
) -> tuple[EarnGroup, ...]:
    """What rules paid for ``local_date``, a day of ``zone``, grouped by the terms of a member of ``tier``."""
    points_by_terms: dict[int, int] = {}
    for rule, paid in fired:
        terms_no = rule.terms_no_by_tier.get(tier, rule.terms_no)
        points_by_terms[terms_no] = points_by_terms.get(terms_no, 0) + paid.points
    groups = []
    for terms_no, points in points_by_terms.items():
        terms = programme.lot_terms[terms_no]
        available = available_from(terms.pending, local_date, zone)
        groups.append(EarnGroup(terms.wallet, min(points, MAX_EXACT), available, terms.expiry))
    return tuple(groups)
