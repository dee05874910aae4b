"""Paying both sides of a referral, and taking it back from both."""

from datetime import datetime
from typing import Final

from kernel.database import WriteSession, driver
from kernel.errors import DomainError
from loyalty.actions.outcome import ActionSubmission
from loyalty.actions.recording import record_actions
from loyalty.actions.reversing import reverse_action
from loyalty.members.family import family_of
from loyalty.programme.versions import Programmes
from loyalty.referrals.standing import Sides, next_milestone

ACTOR: Final = "job:referrals"
_PAID: Final = """
SELECT member_id, action_no FROM action
WHERE member_id = ANY($1::bigint[]) AND natural_key = $2 AND status = 'accepted' AND reversed_at IS NULL
ORDER BY member_id, action_no
"""


async def reward(session: WriteSession, sides: Sides, *, action: str, programmes: Programmes, now: datetime) -> None:
    """Record the referral for both sides as of its purchase, and note it as rewarded.

    Where the programme refuses one side (its limit is reached), the other is paid all the same and the reason kept.
    Where it refuses both, the referral is rejected.
    """
    referral = sides.referral
    assert referral.qualified_at is not None, "a purchase counts"
    milestone = await next_milestone(await driver(session), sides, at=referral.qualified_at)
    submissions = [
        ActionSubmission(
            member_id=member_id,
            type=action,
            reporter="comeback",
            source=ACTOR,
            actor=ACTOR,
            occurred_at=referral.qualified_at,
            fields={"side": side, "milestone": of},
            natural_key=_natural_key(sides, side),
        )
        for side, member_id, of in (("friend", sides.friend_id, 0), ("referrer", sides.referrer_id, milestone))
    ]
    outcomes = await record_actions(session, submissions, programmes=programmes, now=now)
    refusals = [outcome.code for outcome in outcomes if isinstance(outcome, DomainError)]
    referral.state = "rejected" if len(refusals) == len(submissions) else "rewarded"
    referral.milestone = None if referral.state == "rejected" else milestone
    referral.reason = refusals[0] if refusals else None
    referral.changed_at = now
    session.add(referral)
    await session.flush()


async def take_back(session: WriteSession, sides: Sides, *, reason: str, programmes: Programmes, now: datetime) -> None:
    """Reverse what the referral earned both sides, and note it as reversed."""
    connection = await driver(session)
    for side, member_id in (("friend", sides.friend_id), ("referrer", sides.referrer_id)):
        family = await family_of(connection, member_id)
        for paid in await connection.fetch(_PAID, family, _natural_key(sides, side)):
            key = (paid["member_id"], paid["action_no"])
            await reverse_action(session, key, reason=reason, actor=ACTOR, programmes=programmes, now=now)
    sides.referral.state = "reversed"
    sides.referral.reason = reason
    sides.referral.changed_at = now
    session.add(sides.referral)
    await session.flush()


def _natural_key(sides: Sides, side: str) -> str:
    """One for each purchase that counts: after a reversal another one may."""
    referral = sides.referral
    return f"{side}:{referral.member_id}:{referral.purchase_member_id}:{referral.purchase_no}"
