"""How fast a year of real baskets is replayed, with every household's points counted a second time."""

import asyncio
from typing import Any

from api.replay.complete_journey import CompleteJourney
from api.replay.recount import points_by_household
from api.replay.sending import Watch, replay
from bench.proving import prove
from bench.stand import migrated, stand


class PointsDifferError(Exception):
    """The replay's points are not what SQL counts over the raw lines."""


def measure_replay(*, households: int | None = None) -> dict[str, Any]:
    """Replay everything, or the first so many ``households``, twice; the second time must change nothing."""
    journey = CompleteJourney(households=households)
    counted = points_by_household(journey.duckdb)
    with stand() as here:
        asyncio.run(migrated(here))
        first = asyncio.run(replay(here.settings, journey, Watch()))
        again = asyncio.run(replay(here.settings, journey, Watch()))
        verified = asyncio.run(prove(here))
    for replayed in (first, again):
        if replayed.points_by_household != counted:
            raise PointsDifferError(f"{replayed.points_issued} issued, {sum(counted.values())} counted")
    print(f"  {first.baskets_per_second:,.0f} baskets/s, again {again.baskets_per_second:,.0f}/s", flush=True)
    return {
        "replay_baskets": first.recorded,
        "replay_lines": first.sent.lines,
        "replay_households": first.sent.households,
        "replay_sales_minor": first.sent.sales_minor,
        "replay_points_issued": first.points_issued,
        "replay_baskets_per_second": round(first.baskets_per_second),
        "replay_again_recorded": again.recorded,
        "replay_again_baskets_per_second": round(again.baskets_per_second),
        "replay_verify": verified,
    }
