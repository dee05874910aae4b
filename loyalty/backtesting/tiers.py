"""Who would be in another tier: the days of members as they are, with the points that the document would have given.

What was bought, how often and for how much stays as it was; so only points, and the document's own thresholds, windows
and retention, move anybody. What was bought under a number that has been merged since counts as it happened.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from loyalty.ledger.loading import read_accounts
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.tiers.measures import Days
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.previewing import tiers_between

if TYPE_CHECKING:
    from asyncpg import Connection, Record

MOST_MOVED: Final = 20
_AT_ONCE: Final = 500


class TierMover(Struct, frozen=True):
    """A member who would be in another tier by now."""

    member_id: int
    from_tier: str | None
    to_tier: str | None
    steps: int
    """How many tiers of the document apart; a tier that it does not have stands below all of its."""


async def tier_movers(
    connection: "Connection[Record]",
    member_ids: Iterable[int],
    changes: Mapping[int, Days],
    draft: ProgrammeSnapshot,
    current: ProgrammeSnapshot,
    *,
    now: datetime,
) -> list[TierMover]:
    """Those among ``member_ids`` who would move. ``changes``: what their days would come to besides."""
    plan, present = draft.tier_plan, current.tier_plan
    if not plan.active:
        return []
    # Under the same tiers nobody moves whose points are the same.
    asked = changes.keys() if _are_same(plan, present) else member_ids
    movers = []
    for some in _batches(sorted(asked)):
        accounts = await read_accounts(connection, some)
        between = await tiers_between(connection, accounts, present, plan, changes=changes, now=now)
        for member_id, (before, after) in between.items():
            if before != after:
                movers.append(TierMover(member_id, before, after, plan.place(after) - plan.place(before)))
    return movers


def farthest(movers: Iterable[TierMover]) -> list[TierMover]:
    """Those who would move farthest, either way; equals in the order of members."""
    return heapq.nsmallest(MOST_MOVED, movers, key=lambda each: (-abs(each.steps), each.member_id))


def _are_same(plan: TierPlan, present: TierPlan) -> bool:
    return present.active and (plan.tiers, plan.settings, plan.wallet) == (
        present.tiers,
        present.settings,
        present.wallet,
    )


def _batches(member_ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (member_ids[start : start + _AT_ONCE] for start in range(0, len(member_ids), _AT_ONCE))
