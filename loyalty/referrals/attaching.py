"""A new member says who referred them: once, before buying anything, and never in a ring."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from kernel.database import WriteSession, driver
from loyalty.members.family import family_of
from loyalty.members.survivors import lock_surviving_member
from loyalty.models import Referral
from loyalty.programme.referrals import Referrals
from loyalty.referrals.codes import owner_of
from loyalty.referrals.errors import (
    AlreadyReferredError,
    OwnReferralCodeError,
    ReferralLoopError,
    ReferralsOffError,
    ReferredTooLateError,
)
from loyalty.review.referral_farms import look_at_referral
from loyalty.review.traces import Trace, note_traces

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.referral', 0))"
_REFERRED: Final = "SELECT EXISTS (SELECT FROM referral WHERE member_id = ANY($1::bigint[]))"
_HAS_BOUGHT: Final = "SELECT EXISTS (SELECT FROM purchase WHERE member_id = ANY($1::bigint[]))"
_IS_ABOVE: Final = """
WITH RECURSIVE above (member_id) AS (
    SELECT $1::bigint
    UNION
    SELECT next.member_id FROM above AS a CROSS JOIN LATERAL (
        SELECT referrer_id FROM referral WHERE member_id = a.member_id
        UNION ALL SELECT merged_into FROM member WHERE member_id = a.member_id AND merged_into IS NOT NULL
        UNION ALL SELECT member_id FROM member WHERE merged_into = a.member_id
    ) AS next (member_id)
)
SELECT EXISTS (SELECT FROM above WHERE member_id = $2)
"""
"""Whether $2 is among those who referred $1, or who referred them, and so on; merged members are one person."""


async def refer(
    session: WriteSession,
    member_id: int,
    code: str,
    *,
    settings: Referrals | None,
    seen_with: Sequence[Trace] = (),
    now: datetime,
) -> Referral:
    """Keep that ``member_id``, who was ``seen_with`` these, was referred by the owner of ``code``.

    What looks odd about it becomes a case for review, and is no refusal.

    One at a time: several who refer each other at the same instant would close a ring that none of them sees. Raises
    the refusals of ``errors.py`` and ``MemberNotFoundError``.
    """
    if settings is None:
        raise ReferralsOffError
    connection = await driver(session)
    await connection.execute(_ONE_AT_A_TIME)
    friend = await lock_surviving_member(session, member_id)
    await note_traces(session, friend.member_id, seen_with, now=now)
    referrer_id = await owner_of(session, code)
    family = await family_of(connection, friend.member_id)
    if referrer_id == friend.member_id:
        raise OwnReferralCodeError
    if await connection.fetchval(_REFERRED, family):
        raise AlreadyReferredError
    if await connection.fetchval(_IS_ABOVE, referrer_id, friend.member_id):
        raise ReferralLoopError
    await _check_is_new(connection, family, friend.enrolled_at, days=settings.attach_days, now=now)
    referral = Referral(
        member_id=friend.member_id,
        referrer_id=referrer_id,
        referred_at=now,
        qualifies_until=now + timedelta(days=settings.qualify_days),
        changed_at=now,
    )
    session.add(referral)
    await session.flush()
    await look_at_referral(session, referral, now=now)
    return referral


async def _check_is_new(
    connection: "Connection[Record]", family: list[int], enrolled_at: datetime, *, days: int, now: datetime
) -> None:
    if now >= enrolled_at + timedelta(days=days) or await connection.fetchval(_HAS_BOUGHT, family):
        raise ReferredTooLateError(days=days)
