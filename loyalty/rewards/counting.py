"""How much of each reward is out, for staff."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from loyalty.programme.rewards import Reward
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.coupons import limit_by_coupons
from loyalty.rewards.states import OVERDUE, TAKEN
from loyalty.rewards.stock import read_left

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_STOCK = "SELECT reward, given, low_since FROM reward_stock"
_STATES = f"""
SELECT reward, CASE WHEN state IN ('reserved', 'issued') AND expires_at <= $1 THEN 'expired' ELSE state END AS state,
       count(*) AS redemptions, count(*) FILTER (WHERE {TAKEN} AND NOT coalesce({OVERDUE}, false)) AS taken
FROM redemption GROUP BY 1, 2
"""  # noqa: S608 - put together from a constant


@dataclass(frozen=True, slots=True)
class CountedReward:
    """A reward and where its pieces are."""

    reward: Reward
    stock: int | None
    """Pieces in all; None: no limit."""
    left: int | None
    """Pieces, or free codes of its pool where those are fewer; None: no limit."""
    taken: int
    """Pieces that are out."""
    low_since: datetime | None
    """Since when the worker has seen that little is left; None: enough is."""
    states: Mapping[str, int]
    """State of redemptions -> how many, as of now."""


async def count_rewards(
    connection: "Connection[Record]", programme: ProgrammeSnapshot, *, now: datetime
) -> list[CountedReward]:
    """Every reward of ``programme``, archived ones too, in its order. Counts all redemptions: not for a hot path."""
    stock = {row["reward"]: row for row in await connection.fetch(_STOCK)}
    left = await read_left(connection, now=now)
    await limit_by_coupons(connection, left, programme, now=now)
    states: dict[str, dict[str, int]] = {}
    taken: Counter[str] = Counter()
    for code, state, number, pieces in await connection.fetch(_STATES, now):
        states.setdefault(code, {})[state] = number
        taken[code] += pieces
    return [
        CountedReward(
            reward=reward,
            stock=stock[code]["given"],
            left=left[code],
            taken=taken[code],
            low_since=stock[code]["low_since"],
            states=states.get(code, {}),
        )
        for code, reward in programme.rewards.items()
    ]
