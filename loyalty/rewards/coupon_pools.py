"""What has become of the codes of a pool, and withdrawing those that nobody has."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from loyalty.csv_files import LineProblem
from loyalty.rewards.codes import redemption_id
from loyalty.rewards.coupon_adding import CouponsInvalidError
from loyalty.rewards.coupons import CouponPoolNotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_STATED: Final = """
SELECT c.pool, c.coupon, c.member_id, c.redemption_no, c.expires_at, r.issued_at, r.ended_at, CASE
    WHEN c.state = 'withdrawn' THEN 'withdrawn'
    WHEN c.state = 'free' THEN CASE WHEN c.expires_at <= $1 THEN 'expired' ELSE 'free' END
    WHEN r.state IN ('used', 'fulfilled') THEN 'used'
    WHEN r.state = 'expired' OR r.expires_at <= $1 THEN 'expired'
    ELSE 'handed_out' END AS state
FROM coupon AS c LEFT JOIN redemption AS r USING (member_id, redemption_no)
"""
_COUNT = f"SELECT pool, state, count(*) FROM ({_STATED}) AS c GROUP BY 1, 2"  # noqa: S608 - put together from a constant
_LIST = f"{_STATED} WHERE c.pool = $2 ORDER BY c.coupon"
_KNOWN = "SELECT EXISTS (SELECT FROM coupon WHERE pool = $1)"
_LOCK_NAMED = """
SELECT coupon, state FROM coupon WHERE pool = $1 AND coupon = ANY($2::text[]) ORDER BY coupon FOR UPDATE
"""
_LOCK_FREE = "SELECT coupon, state FROM coupon WHERE pool = $1 AND state = 'free' ORDER BY coupon FOR UPDATE"
_WITHDRAW = "UPDATE coupon SET state = 'withdrawn' WHERE pool = $1 AND coupon = ANY($2::text[])"


class CouponPool(Struct, frozen=True, kw_only=True):
    """How many codes of a pool are where; together all that it ever had."""

    pool: str
    free: int = 0
    """Can be handed out."""
    handed_out: int = 0
    """Members have them, and nobody has told of their use."""
    used: int = 0
    """At a till, or as staff or a system have told."""
    expired: int = 0
    """Their time was over, whether or not somebody had them."""
    withdrawn: int = 0
    """By staff, or because what they were handed out with was taken back."""


class ListedCoupon(Struct, frozen=True, kw_only=True):
    """A code and where it is."""

    coupon: str
    state: str
    """As in ``CouponPool``."""
    redemption_id: str | None
    """With which it was handed out, though it may have been withdrawn since."""
    handed_out_at: datetime | None
    ended_at: datetime | None
    """When its redemption came to its end."""
    expires_at: datetime | None


async def count_pools(
    connection: "Connection[Record]", declared: Collection[str], *, now: datetime
) -> list[CouponPool]:
    """Every pool that has ever had a code, and those ``declared`` that have none, by name.

    Counts all codes: not for a hot path.
    """
    counts: dict[str, dict[str, int]] = {pool: {} for pool in declared}
    for pool, state, number in await connection.fetch(_COUNT, now):
        counts.setdefault(pool, {})[state] = number
    return [CouponPool(pool=pool, **counts[pool]) for pool in sorted(counts)]


async def list_coupons(connection: "Connection[Record]", pool: str, *, now: datetime) -> list[ListedCoupon]:
    """Every code of the pool. Raises ``CouponPoolNotFoundError`` where it has none."""
    rows = await connection.fetch(_LIST, now, pool)
    if not rows:
        raise CouponPoolNotFoundError(pool=pool)
    return [
        ListedCoupon(
            coupon=row["coupon"],
            state=row["state"],
            redemption_id=row["member_id"] and redemption_id(row["member_id"], row["redemption_no"]),
            handed_out_at=row["issued_at"],
            ended_at=row["ended_at"],
            expires_at=row["expires_at"],
        )
        for row in rows
    ]


async def withdraw_coupons(connection: "Connection[Record]", pool: str, lines: Mapping[str, int] | None) -> int:
    """Hand codes out to nobody from now on: those of ``lines``, each with its place, or all that are free.

    Answers how many were withdrawn now. Raises ``CouponPoolNotFoundError``, and ``CouponsInvalidError`` for those that
    the pool has not, or that somebody has: their redemption is to be taken back.
    """
    if not await connection.fetchval(_KNOWN, pool):
        raise CouponPoolNotFoundError(pool=pool)
    if lines is None:
        rows = await connection.fetch(_LOCK_FREE, pool)
    else:
        rows = await connection.fetch(_LOCK_NAMED, pool, list(lines))
        _require_withdrawable(lines, {row["coupon"]: row["state"] for row in rows})
    free = [row["coupon"] for row in rows if row["state"] == "free"]
    await connection.execute(_WITHDRAW, pool, free)
    return len(free)


def _require_withdrawable(lines: Mapping[str, int], found: Mapping[str, str]) -> None:
    messages = {"handed_out": "has been handed out: take its redemption back", "": "is not in the pool"}
    problems = [
        LineProblem(line, "code", messages[state])
        for coupon, line in lines.items()
        if (state := found.get(coupon, "")) in messages
    ]
    if problems:
        raise CouponsInvalidError(problems)
