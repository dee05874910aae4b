"""A referral with both of its sides locked: what is to be known of it before it is paid or taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlmodel import col, select

from kernel.database import WriteSession, driver
from loyalty.ledger.forwarding import lock_survivors
from loyalty.members.family import family_of
from loyalty.models import Referral
from loyalty.programme.referrals import Referrals

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_COUNTS: Final = """
SELECT count(*) FILTER (WHERE state = 'rewarded') AS rewarded,
       count(*) FILTER (WHERE state IN ('rewarded', 'held') AND qualified_at > $2 AND qualified_at <= $4) AS in_a_day,
       count(*) FILTER (WHERE state IN ('rewarded', 'held') AND qualified_at > $3 AND qualified_at <= $4) AS in_a_week
FROM referral WHERE referrer_id = ANY($1::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """A referral, and who its two sides are now, after merges."""

    referral: Referral
    friend_id: int
    referrer_id: int

    @property
    def are_one(self) -> bool:
        """Whether they have been merged into one member since: nobody refers themselves."""
        return self.friend_id == self.referrer_id


async def lock_sides(session: WriteSession, member_ids: Collection[int]) -> list[Sides]:
    """The referrals of these friends, by their numbers, with all members of both sides locked, in ascending order."""
    connection = await driver(session)
    found = (await session.exec(select(Referral).where(col(Referral.member_id).in_(member_ids)))).all()
    named = {each for referral in found for each in (referral.member_id, referral.referrer_id)}
    _, owners = await lock_survivors(connection, named)
    statement = (
        select(Referral)
        .where(col(Referral.member_id).in_(member_ids))
        .order_by(col(Referral.member_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [
        Sides(
            referral,
            owners[referral.member_id],
            owners[referral.referrer_id],
        )
        for referral in (await session.exec(statement)).all()
    ]


async def next_milestone(connection: "Connection[Record]", sides: Sides, *, at: datetime) -> int:
    """The how-manyeth friend of the referrer this one is, under the referrer's lock."""
    return int((await _count(connection, sides, at=at))["rewarded"]) + 1


async def is_too_fast(connection: "Connection[Record]", sides: Sides, settings: Referrals, *, at: datetime) -> bool:
    """Whether the referrer has had as many friends in the day or the week before ``at`` as pass without a look."""
    counted = await _count(connection, sides, at=at)
    limits = ((settings.most_a_day, counted["in_a_day"]), (settings.most_a_week, counted["in_a_week"]))
    return any(most is not None and had >= most for most, had in limits)


async def _count(connection: "Connection[Record]", sides: Sides, *, at: datetime) -> "Record":
    family = await family_of(connection, sides.referrer_id)
    counted = await connection.fetchrow(_COUNTS, family, at - timedelta(days=1), at - timedelta(days=7), at)
    assert counted is not None, "an aggregate answers one row"
    return counted
