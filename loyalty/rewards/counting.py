"""How much of each reward is out, for staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.programme.rewards import Reward
from loyalty.programme.snapshot import ProgrammeSnapshot

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_STOCK = "SELECT reward, given, taken FROM reward_stock"
_STATES = """
SELECT reward, CASE WHEN state IN ('reserved', 'issued') AND expires_at <= $1 THEN 'expired' ELSE state END AS state,
       count(*) AS redemptions
FROM redemption GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class CountedReward:
    """A reward and where its pieces are."""

    reward: Reward
    stock: int | None
    """Pieces in all; None: no limit."""
    taken: int
    """Pieces that are out. One that has expired is out until the worker has noted it."""
    states: Mapping[str, int]
    """State of redemptions -> how many, as of now."""


async def count_rewards(
    connection: "Connection[Record]", programme: ProgrammeSnapshot, *, now: datetime
) -> list[CountedReward]:
    """Every reward of ``programme``, archived ones too, in its order. Counts all redemptions: not for a hot path."""
    stock = {row["reward"]: row for row in await connection.fetch(_STOCK)}
    states: dict[str, dict[str, int]] = {}
    for reward, state, number in await connection.fetch(_STATES, now):
        states.setdefault(reward, {})[state] = number
    return [
        CountedReward(reward, stock[code]["given"], stock[code]["taken"], states.get(code, {}))
        for code, reward in programme.rewards.items()
    ]
