"""Coupons that members hold in the other system: each becomes a reward that was issued, under the code they know.

The grant names the import that brought it. Taking it back frees the code, so that it can come again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from kernel.database import WriteSession, driver
from loyalty.earning.calendar import local_day_starts
from loyalty.imports.problems import ImportProblem, ImportRefusedError
from loyalty.imports.rows import CouponRow
from loyalty.ledger.forwarding import surviving_members
from loyalty.programme.in_force import snapshot_in_force
from loyalty.programme.rewards import DISCOUNT_KINDS
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.codes import new_code
from loyalty.rewards.ending import cancel_redemption
from loyalty.rewards.issuing import Brought, grant_reward
from loyalty.rewards.reasons import RewardRefusedError
from loyalty.rewards.stock import read_left

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_FILE: Final = "coupons.csv"
_KNOWN: Final = """
SELECT c.shown_code, c.member_id, r.reward
FROM redemption_code AS c JOIN redemption AS r USING (member_id, redemption_no)
WHERE c.shown_code = ANY($1::text[])
"""
_BROUGHT: Final = (
    "SELECT member_id, redemption_no, state, expires_at FROM redemption WHERE grant_reason = $1 ORDER BY 1, 2"
)
_RENAME: Final = "UPDATE redemption SET shown_code = $3 WHERE member_id = $1 AND redemption_no = $2"
_FREE_CODE: Final = "UPDATE redemption_code SET shown_code = $3 WHERE member_id = $1 AND redemption_no = $2"


class Coupon(NamedTuple):
    """A redemption that an import made."""

    member_id: int
    redemption_no: int
    state: str
    expires_at: datetime | None

    @property
    def key(self) -> tuple[int, int]:
        return self.member_id, self.redemption_no


def reason_of(import_id: int) -> str:
    """Why the business gave it, as the redemption keeps it."""
    return f"import:{import_id}"


async def meet_coupons(
    connection: "Connection[Record]",
    rows: Sequence[CouponRow],
    members: Mapping[str, int],
    zones: Mapping[str, str],
    programme: ProgrammeSnapshot,
    *,
    now: datetime,
) -> tuple[set[str], list[ImportProblem]]:
    """The codes that have come before, and what cannot be of the others."""
    found = {row["shown_code"]: row for row in await connection.fetch(_KNOWN, [row.code for row in rows])}
    survivors = await surviving_members(connection, {row["member_id"] for row in found.values()})
    held = {code: (survivors.get(row["member_id"], row["member_id"]), row["reward"]) for code, row in found.items()}
    known = {row.code for row in rows if held.get(row.code) == (members.get(row.external_id), row.reward)}
    new = [row for row in rows if row.code not in known]
    left = await read_left(connection, now=now) if new else {}
    problems = [
        *_taken(new, found),
        *_unsuitable(new, programme),
        *_short(new, left),
        *_expired(new, zones, now),
    ]
    return known, problems


async def give_coupons(
    session: WriteSession,
    rows: Sequence[CouponRow],
    members: Mapping[str, int],
    zones: Mapping[str, str],
    import_id: int,
    programme: ProgrammeSnapshot,
    *,
    now: datetime,
) -> int:
    """Issue the coupons, in the order of their members; answers how many. Raises ``ImportRefusedError``."""
    for row in sorted(rows, key=lambda row: (members[row.external_id], row.line)):
        try:
            await grant_reward(
                session,
                members[row.external_id],
                row.reward,
                programme=programme,
                actor=reason_of(import_id),
                reason=reason_of(import_id),
                brought=Brought(row.code, _ends(row, zones)),
                now=now,
            )
        except RewardRefusedError as refused:
            problem = ImportProblem(_FILE, row.line, "reward", "coupon_refused", refused.detail)
            raise ImportRefusedError([problem]) from None
    return len(rows)


async def brought_coupons(connection: "Connection[Record]", import_id: int) -> dict[int, list[Coupon]]:
    """What the import brought, by member."""
    brought: dict[int, list[Coupon]] = {}
    for row in await connection.fetch(_BROUGHT, reason_of(import_id)):
        brought.setdefault(row["member_id"], []).append(Coupon(*row))
    return brought


def are_unused(coupons: Iterable[Coupon]) -> bool:
    """Whether none has been used, given on or come to another end than that of its time."""
    return all(coupon.state in ("issued", "expired") for coupon in coupons)


async def take_coupons_back(session: WriteSession, coupons: Sequence[Coupon], *, actor: str, now: datetime) -> int:
    """Cancel those that can still be used, and free the codes of all; answers how many. The members are locked."""
    if not coupons:
        return 0
    connection = await driver(session)
    programme = await snapshot_in_force(session, now=now)
    assert programme is not None, "what a coupon is for was published"
    for coupon in coupons:
        if coupon.state == "issued" and (coupon.expires_at is None or coupon.expires_at > now):
            await cancel_redemption(session, coupon.key, document=programme.document, actor=actor, now=now)
        code = new_code()
        await connection.execute(_RENAME, *coupon.key, code)
        await connection.execute(_FREE_CODE, *coupon.key, code)
    return len(coupons)


def _ends(row: CouponRow, zones: Mapping[str, str]) -> datetime | None:
    last_day = row.expires_on
    return None if last_day is None else local_day_starts(last_day + timedelta(days=1), zones[row.external_id])


def _taken(rows: Sequence[CouponRow], found: Mapping[str, "Record"]) -> Iterator[ImportProblem]:
    for row in rows:
        if row.code in found:
            yield ImportProblem(
                _FILE, row.line, "coupon", "coupon_taken", "is known here as another reward or member's"
            )


def _unsuitable(rows: Sequence[CouponRow], programme: ProgrammeSnapshot) -> Iterator[ImportProblem]:
    for row in rows:
        reward = programme.rewards.get(row.reward)
        if reward is None:
            yield ImportProblem(_FILE, row.line, "reward", "reward_unknown", "is no reward of the programme")
        elif reward.effect.kind not in DISCOUNT_KINDS:
            message = f"is a {reward.effect.kind}, which no till takes off"
            yield ImportProblem(_FILE, row.line, "reward", "reward_unsuitable", message)


def _short(rows: Sequence[CouponRow], left: Mapping[str, int | None]) -> Iterator[ImportProblem]:
    asked: Counter[str] = Counter()
    for row in rows:
        asked[row.reward] += 1
        pieces = left.get(row.reward)
        if pieces is not None and asked[row.reward] > pieces:
            message = f"has {pieces} pieces left"
            yield ImportProblem(_FILE, row.line, "reward", "reward_out_of_stock", message)


def _expired(rows: Sequence[CouponRow], zones: Mapping[str, str], now: datetime) -> Iterator[ImportProblem]:
    for row in rows:
        if row.external_id in zones and (ends := _ends(row, zones)) is not None and ends <= now:
            yield ImportProblem(_FILE, row.line, "expires_on", "coupon_expired", "has expired already")
