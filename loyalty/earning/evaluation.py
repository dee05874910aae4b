"""What an evaluation answers: points per wallet and lot, limits used, and why each rule did or did not fire."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from loyalty.earning.purchase import EarningPurchase, Headroom, MemberFacts, StoreFacts
from loyalty.programme.policies import ExpiryPolicy


class EarnGroup(Struct, frozen=True, gc=False):
    """Points that become one journal entry and one lot."""

    wallet: str
    points: int
    available_from: datetime | None
    """Aware UTC; None: at once."""
    expiry: ExpiryPolicy
    """Its clock starts when the points become available, see ``calendar.expires_at``."""


class CapUse(Struct, frozen=True, gc=False):
    """What a rule took of one of its limits per member."""

    rule: str
    period: str
    """day, week, month or lifetime."""
    period_key: str
    """The period's first local day as ISO text, or ``ever``."""
    points: int


class FiredRule(Struct, frozen=True, gc=False, array_like=True):
    """A rule that paid: ``exact / divisor`` points, rounded to ``before_limits``, cut to ``points``."""

    rule: str
    points: int
    before_limits: int
    basis: int
    """What the formula counted: base in minor units, or millionths of a unit of quantity for ``per_item``."""
    exact: int
    divisor: int
    cut_by: str = ""
    """The limit that cut it: day, week, month, lifetime, budget or maximum."""


class Evaluation(Struct, frozen=True, kw_only=True):
    """The answer to one purchase, together with the facts that it rests on."""

    programme_version: int
    groups: tuple[EarnGroup, ...]
    fired: tuple[FiredRule, ...]
    multipliers: tuple[str, ...]
    """Codes of the multiplier rules that took part. The tier's own multiplier follows from the member's tier."""
    missed: dict[str, int]
    """Reason to the rules that it kept from firing, as a set of bits in the snapshot's order of rules."""
    details: dict[str, str]
    """Rule to what its reason names: the rule it lost to, the error of its condition, the limit."""
    cap_uses: tuple[CapUse, ...]
    budget_uses: dict[str, int]
    purchase: EarningPurchase
    member: MemberFacts
    store: StoreFacts
    headroom: Headroom

    @property
    def points_by_wallet(self) -> dict[str, int]:
        """The points of all groups, by wallet."""
        return points_by_wallet(self.groups)


def points_by_wallet(groups: Iterable[EarnGroup]) -> dict[str, int]:
    """The points of all groups, by wallet."""
    totals: dict[str, int] = {}
    for group in groups:
        totals[group.wallet] = totals.get(group.wallet, 0) + group.points
    return totals
