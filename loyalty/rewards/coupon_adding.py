"""Filling pools: codes that others gave, and codes that we make."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from kernel.errors import UnprocessableError
from loyalty.csv_files import LineProblem

if TYPE_CHECKING:
    from asyncpg import Connection, Record

Duplicates: TypeAlias = Literal["refuse", "skip"]

MOST_PROBLEMS: Final = 100
FILLED_IN: Final = "#"
"""What stands in a pattern for a random letter or digit."""
LEAST_RANDOM: Final = 10
"""Random characters of a code, 49 bits: of 100,000 codes one in six thousand million guesses is one."""
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without what is read for something else."""

_ADD = """
INSERT INTO coupon (pool, coupon, state, added_at, expires_at)
SELECT $1, c, 'free', $3, $4 FROM unnest($2::text[]) AS c ORDER BY c ON CONFLICT DO NOTHING RETURNING coupon
"""


class CouponsInvalidError(UnprocessableError):
    """Some codes cannot be taken, each listed with its line or place (the first 100). Nothing was changed."""

    code = "coupons_invalid"
    title = "Some codes have problems."

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        super().__init__(None, problems=msgspec.to_builtins(list(problems[:MOST_PROBLEMS])))


class CouponPatternError(UnprocessableError):
    """Codes of that pattern could be guessed: it has fewer random characters than ``required``."""

    code = "coupon_pattern_too_short"
    title = "Codes of this pattern could be guessed."


class CouponExpiryPastError(UnprocessableError):
    """The codes would be expired before they are added."""

    code = "coupon_expiry_past"
    title = "These codes have expired already."


def require_future(expires_at: datetime | None, *, now: datetime) -> None:
    """Raises ``CouponExpiryPastError``."""
    if expires_at is not None and expires_at <= now:
        raise CouponExpiryPastError(expires_at=expires_at.isoformat())


async def add_coupons(
    connection: "Connection[Record]",
    pool: str,
    lines: Mapping[str, int],
    *,
    duplicates: Duplicates = "refuse",
    expires_at: datetime | None = None,
    now: datetime,
) -> int:
    """Add codes, each with the line it stands on, good until ``expires_at``. Answers how many were added.

    Raises ``CouponsInvalidError`` for those that the pool has, or ever had, unless they are to be skipped.
    """
    added = {row["coupon"] for row in await connection.fetch(_ADD, pool, list(lines), now, expires_at)}
    there = [LineProblem(line, "code", "is in the pool already") for code, line in lines.items() if code not in added]
    if there and duplicates == "refuse":
        raise CouponsInvalidError(there)
    return len(added)


async def generate_coupons(
    connection: "Connection[Record]",
    pool: str,
    number: int,
    pattern: str,
    *,
    expires_at: datetime | None = None,
    now: datetime,
) -> None:
    """Add ``number`` codes that nobody can guess and that the pool has never had, made after ``pattern``.

    Raises ``CouponPatternError``.
    """
    if pattern.count(FILLED_IN) < LEAST_RANDOM:
        raise CouponPatternError(required=LEAST_RANDOM, random=pattern.count(FILLED_IN))
    missing = number
    while missing:
        # In a thread: tills must be answered meanwhile.
        coupons = await asyncio.to_thread(_made, missing, pattern)
        missing -= await add_coupons(connection, pool, coupons, duplicates="skip", expires_at=expires_at, now=now)


def _made(number: int, pattern: str) -> dict[str, int]:
    """At most ``number`` codes, each with its place; fewer where two came out the same."""
    return {"".join(secrets.choice(_LETTERS) if c == FILLED_IN else c for c in pattern): n for n in range(number)}
