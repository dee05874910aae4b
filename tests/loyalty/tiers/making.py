"""Plans and days for the tables of cases."""

from datetime import date
from typing import Any

from loyalty.tiers.folding import Fold
from loyalty.tiers.plan import Sums, TierPlan, tier_plan
from tests.programmes import programme

JOINED = date(2024, 2, 29)
BRONZE, SILVER, GOLD = 0, 1, 2


def tier(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "names": {"en": code}, **more}


def tiers(measure: str = "points", silver: int = 100, gold: int = 300) -> list[dict[str, Any]]:
    """Bronze is everybody's; the others need so much."""
    return [
        tier("bronze"),
        tier("silver", thresholds={measure: silver}),
        tier("gold", thresholds={measure: gold}),
    ]


def plan(*, of: list[dict[str, Any]] | None = None, **settings: Any) -> TierPlan:
    return tier_plan(1, programme(tiers=of or tiers(), tier_settings=settings))


def folded(plan: TierPlan, days: dict[str, int], through: str, *, joined: date = JOINED) -> Fold:
    """The fold of points by day, run through a day."""
    sums = {date.fromisoformat(day): Sums(points=points) for day, points in days.items()}
    fold = Fold(plan, sums, joined)
    fold.run(date.fromisoformat(through))
    return fold
