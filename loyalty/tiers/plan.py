"""A programme's tiers as they are folded: numbers only, each tier by its place. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from loyalty.ledger.shortfall import ShortfallPolicy
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import ExpiryPolicy
from loyalty.programme.tiers import Tier, TierSettings, TierThresholds
from loyalty.tiers.measures import Measures

NO_TIER = -1


class Sums(NamedTuple):
    """What a window comes to, in the order of ``TierThresholds``."""

    points: int = 0
    spend_minor: int = 0
    purchases: int = 0
    actions: int = 0

    def less(self, other: "Sums") -> "Sums":
        return Sums(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))

    def plus(self, other: "Sums") -> "Sums":
        return Sums(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = Sums()


class Need(NamedTuple):
    """One threshold of a tier: the measure's name and place in ``Sums``, and how much of it."""

    measure: str
    place: int
    required: int


@dataclass(frozen=True, slots=True)
class TierPlan:
    """The tiers of version ``version``, from the lowest. A tier is its place among them, ``NO_TIER`` is below all."""

    version: int
    document: ProgrammeDocument
    wallet: str
    """Whose points count."""
    needs: tuple[tuple[Need, ...], ...]
    """By tier."""
    base: int
    """Below it nobody falls."""
    active: bool
    """Whether there is anything to earn or to keep: without, nothing is counted."""

    @property
    def tiers(self) -> tuple[Tier, ...]:
        return self.document.tiers

    @property
    def settings(self) -> TierSettings:
        return self.document.tier_settings

    def sums(self, measures: Measures) -> Sums:
        """What a day counts for under these settings."""
        points = measures.points.get(self.wallet, 0)
        if self.settings.adjustments_count:
            points += measures.adjusted.get(self.wallet, 0)
        return Sums(points, measures.spend_minor, measures.purchases, measures.actions)

    def reached(self, sums: Sums) -> int:
        """The highest tier that ``sums`` are enough for, thresholds included."""
        for place in range(len(self.tiers) - 1, self.base, -1):
            if self.is_reached(place, sums):
                return place
        return self.base

    def is_reached(self, place: int, sums: Sums) -> bool:
        """Whether ``sums`` are enough for the tier at ``place``; those without thresholds are never reached."""
        thresholds = self.tiers[place].thresholds
        if thresholds is None:
            return False
        met = (sums[need.place] >= need.required for need in self.needs[place])
        return any(met) if thresholds.match == "any" else all(met)

    def place(self, code: str | None) -> int:
        """The place of a tier; ``NO_TIER`` for one that these tiers do not have."""
        return next((place for place, tier in enumerate(self.tiers) if tier.code == code), NO_TIER)

    def code(self, place: int) -> str | None:
        return None if place == NO_TIER else self.tiers[place].code

    def expiry(self, place: int) -> ExpiryPolicy:
        """How long points live that a member of this tier gets without a rule."""
        return self.document.expiry_by_tier.get(self.code(place) or "", self.document.expiry)

    def shortfall(self, wallet: str) -> ShortfallPolicy:
        """What happens when points of a wallet are to be taken that are not there."""
        return next((known.debt for known in self.document.wallets if known.code == wallet), "debt")


def tier_plan(version: int, document: ProgrammeDocument) -> TierPlan:
    """The tiers of a valid document."""
    tiers, settings = document.tiers, document.tier_settings
    needs = tuple(_needs(tier.thresholds) for tier in tiers)
    free = 0 if tiers and (tiers[0].thresholds is None or _needs_nothing(needs[0])) else NO_TIER
    floor = next((place for place, tier in enumerate(tiers) if tier.code == settings.floor), NO_TIER)
    return TierPlan(
        version=version,
        document=document,
        wallet=settings.points_wallet or document.primary_wallet,
        needs=needs,
        base=max(free, floor),
        active=any(needs) or floor != NO_TIER,
    )


def _needs(thresholds: TierThresholds | None) -> tuple[Need, ...]:
    numbers = {name: getattr(thresholds, name, None) for name in Sums._fields}
    return tuple(
        Need(name, place, number) for place, (name, number) in enumerate(numbers.items()) if number is not None
    )


def _needs_nothing(needs: tuple[Need, ...]) -> bool:
    return all(need.required == 0 for need in needs)
