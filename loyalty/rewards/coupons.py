"""Codes out of pools: each is handed out once, in the transaction of the redemption that shows it."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from kernel.errors import NotFoundError
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.snapshot import ProgrammeSnapshot

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_LOCK_FREE = """
SELECT coupon, expires_at FROM (
    SELECT coupon, expires_at FROM coupon WHERE pool = $1 AND state = 'free' AND expires_at > $2
    ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED
) AS dated
UNION ALL
SELECT coupon, expires_at FROM (
    SELECT coupon, expires_at FROM coupon WHERE pool = $1 AND state = 'free' AND expires_at IS NULL
    LIMIT 1 FOR UPDATE SKIP LOCKED
) AS undated
LIMIT 1
"""
_HAND_OUT = """
UPDATE coupon SET state = 'handed_out', member_id = $3, redemption_no = $4 WHERE pool = $1 AND coupon = $2
"""
_TAKE_BACK = "UPDATE coupon SET state = 'withdrawn' WHERE member_id = $1 AND redemption_no = $2"
_FREE = """
SELECT pool, count(*) AS codes FROM coupon
WHERE pool = ANY($1::text[]) AND state = 'free' AND (expires_at IS NULL OR expires_at > $2) GROUP BY 1
"""


class CouponPoolNotFoundError(NotFoundError):
    """No reward names the pool, and it has no codes."""

    code = "coupon_pool_not_found"
    title = "There is no such pool of codes."


class FreeCoupon(NamedTuple):
    """A code that can be handed out."""

    coupon: str
    expires_at: datetime | None
    """Exclusive; None: good for ever."""


def declared_pools(documents: Iterable[ProgrammeDocument]) -> set[str]:
    """The pools that rewards of ``documents`` hand codes out of."""
    return {reward.effect.pool for document in documents for reward in document.rewards} - {""}


def require_pool(documents: Iterable[ProgrammeDocument], pool: str) -> None:
    """Raises ``CouponPoolNotFoundError`` where no reward of ``documents`` names ``pool``."""
    if pool not in declared_pools(documents):
        raise CouponPoolNotFoundError(pool=pool)


async def lock_free_coupon(connection: "Connection[Record]", pool: str, *, now: datetime) -> FreeCoupon | None:
    """The free code that expires first, which nobody else takes until the transaction ends.

    None: there is none, or others are taking the last.
    """
    row = await connection.fetchrow(_LOCK_FREE, pool, now)
    return None if row is None else FreeCoupon(*row)


async def hand_out_coupon(
    connection: "Connection[Record]", pool: str, coupon: str, *, member_id: int, redemption_no: int
) -> None:
    """The locked code is that redemption's."""
    await connection.execute(_HAND_OUT, pool, coupon, member_id, redemption_no)


async def take_coupon_back(connection: "Connection[Record]", *, member_id: int, redemption_no: int) -> None:
    """What was handed out with that redemption, if anything, goes to nobody again. The member is locked."""
    await connection.execute(_TAKE_BACK, member_id, redemption_no)


async def limit_by_coupons(
    connection: "Connection[Record]", left: dict[str, int | None], programme: ProgrammeSnapshot, *, now: datetime
) -> None:
    """Reward -> pieces that are left, in place: of one with a pool no more than there are free codes."""
    pools = {code: reward.effect.pool for code, reward in programme.rewards.items() if reward.effect.pool}
    if not pools:
        return
    rows = await connection.fetch(_FREE, list(set(pools.values())), now)
    free = {row["pool"]: row["codes"] for row in rows}
    for code, pool in pools.items():
        pieces = left.get(code, 0)
        left[code] = free.get(pool, 0) if pieces is None else min(pieces, free.get(pool, 0))
