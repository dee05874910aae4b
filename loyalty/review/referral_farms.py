"""Members who bring themselves: friends of one member who come with one device, from one address, or too many a day.

Looked at when a friend says who brought them. The friend is taken in all the same, and paid for when they buy.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kernel.database import WriteSession, driver
from loyalty.members.family import family_of
from loyalty.members.ids import member_public_id
from loyalty.models import Referral
from loyalty.review.cases import Case, open_all, review_settings

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SHARED: Final = """
SELECT t.kind, count(DISTINCT t.member_id)
FROM member_trace AS mine JOIN member_trace AS t USING (kind, value_hash)
WHERE mine.member_id = $1
  AND (t.member_id = ANY($2::bigint[]) OR t.member_id IN (SELECT member_id FROM referral WHERE referrer_id = ANY($2)))
GROUP BY t.kind
"""
"""How many of the member who brings friends, and of the friends, have one of the new friend's devices or addresses."""
_BROUGHT: Final = "SELECT count(*) FROM referral WHERE referrer_id = ANY($1::bigint[]) AND referred_at > $2"


async def look_at_referral(session: WriteSession, referral: Referral, *, now: datetime) -> None:
    """Open the cases that a new referral makes, about who brought the friend, in its transaction."""
    connection = await driver(session)
    settings = await review_settings(connection, now=now)
    family = await family_of(connection, referral.referrer_id)
    shared = {row[0]: row[1] for row in await connection.fetch(_SHARED, referral.member_id, family)}
    month, day = now.date().isoformat()[:7], now.date().isoformat()
    counted = (
        ("one_device", month, shared.get("device", 0), settings.friends_of_one_device),
        ("one_address", month, shared.get("address", 0), settings.friends_of_one_address),
        ("many_friends", day, await _brought(connection, family, now), settings.friends_a_day),
    )
    subject = member_public_id(referral.referrer_id)
    cases = [
        Case(kind, subject, referral.referrer_id, period, {"members": had})
        for kind, period, had, allowed in counted
        if allowed and had >= allowed
    ]
    await open_all(connection, cases, now=now)


async def _brought(connection: "Connection[Record]", family: list[int], now: datetime) -> int:
    return int(await connection.fetchval(_BROUGHT, family, now - timedelta(days=1)))
