"""How far it is to the next tier. Pure."""

from dataclasses import dataclass

from loyalty.tiers.plan import Need, Sums, TierPlan

WHOLE_PERCENT = 100


@dataclass(frozen=True, slots=True)
class MeasureProgress:
    """One measure on the way from the threshold of the tier that is had to that of the next."""

    measure: str
    threshold: int
    reached: int
    missing: int
    percent: int
    """Of the way between the two thresholds, rounded down."""


@dataclass(frozen=True, slots=True)
class TierProgress:
    """The way to the next tier that can be earned."""

    tier: str
    match: str
    """``any`` of the measures is enough, or ``all`` are needed."""
    measures: tuple[MeasureProgress, ...]

    @property
    def percent(self) -> int:
        """Of the way to the tier: that of the measure which is nearest, or farthest where all are needed."""
        nearest_counts = self.match == "any"
        return (max if nearest_counts else min)(step.percent for step in self.measures)


def progress(plan: TierPlan, tier: int, sums: Sums) -> TierProgress | None:
    """What is missing for the first tier above ``tier`` that has thresholds; None at the top."""
    for place in range(tier + 1, len(plan.tiers)):
        thresholds = plan.tiers[place].thresholds
        if thresholds is not None:
            own = {need.measure: need.required for need in plan.needs[tier]} if tier >= 0 else {}
            steps = tuple(_step(need, own.get(need.measure, 0), sums) for need in plan.needs[place])
            return TierProgress(plan.tiers[place].code, thresholds.match, steps)
    return None


def _step(need: Need, start: int, sums: Sums) -> MeasureProgress:
    reached = sums[need.place]
    way = need.required - start
    gone = min(max(reached - start, 0), way)
    return MeasureProgress(
        measure=need.measure,
        threshold=need.required,
        reached=reached,
        missing=max(0, need.required - reached),
        percent=WHOLE_PERCENT if way <= 0 else WHOLE_PERCENT * gone // way,
    )
