"""Staff look at a referral that came too fast after others."""

from datetime import datetime

from kernel.database import WriteSession, driver
from loyalty.models import Referral
from loyalty.programme.versions import Programmes
from loyalty.referrals.errors import ReferralNotEarnedError, ReferralNotFoundError, ReferralNotHeldError
from loyalty.referrals.qualifying import counts
from loyalty.referrals.rewarding import reward
from loyalty.referrals.standing import Sides, lock_sides
from loyalty.refunds.original import load_original


async def decide_referral(
    session: WriteSession,
    member_id: int,
    *,
    approved: bool,
    reason: str | None,
    by: str,
    programmes: Programmes,
    now: datetime,
) -> Referral:
    """Pay a held referral of the friend ``member_id`` as of its purchase, or reject it for good.

    Raises ``ReferralNotFoundError``, ``ReferralNotHeldError`` and, for one that would be paid,
    ``ReferralNotEarnedError``.
    """
    sides = next(iter(await lock_sides(session, [member_id])), None)
    if sides is None:
        raise ReferralNotFoundError
    referral = sides.referral
    if referral.state != "held":
        raise ReferralNotHeldError(state=referral.state)
    referral.decided_by = by
    if approved:
        await _pay(session, sides, programmes, now=now)
        return referral
    referral.state, referral.reason, referral.changed_at = "rejected", reason or "staff", now
    session.add(referral)
    await session.flush()
    return referral


async def _pay(session: WriteSession, sides: Sides, programmes: Programmes, *, now: datetime) -> None:
    referral = sides.referral
    assert referral.purchase_member_id is not None, "what is held has a purchase"
    assert referral.purchase_no is not None, "and its number"
    original = await load_original(await driver(session), referral.purchase_member_id, referral.purchase_no)
    assert original is not None, "purchases stay"
    settings = programmes.at(original.occurred_at).document.referrals
    if sides.are_one or settings is None or not counts(original, settings):
        raise ReferralNotEarnedError
    await reward(session, sides, action=settings.action, programmes=programmes, now=now)
