"""Asking for a payout: its points are held at once, so that no till and no other app spends them."""

from datetime import datetime

from kernel.database import WriteSession
from loyalty.models import Payout, PayoutPayee
from loyalty.payouts.finding import FoundPayout
from loyalty.payouts.payees import Payee
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.rewards.issuing import issue_reward


async def request_payout(
    session: WriteSession,
    member_id: int,
    code: str,
    units: int,
    payee: Payee,
    *,
    programme: ProgrammeSnapshot,
    actor: str,
    now: datetime,
) -> FoundPayout:
    """``units`` of the payout ``code`` to ``payee``, once a second person has approved.

    Raises as ``issue_reward`` does.
    """
    redemption = await issue_reward(session, member_id, code, programme=programme, actor=actor, units=units, now=now)
    payout = Payout(
        member_id=redemption.member_id,
        redemption_no=redemption.redemption_no,
        units=units,
        amount_minor=programme.rewards[code].effect.amount_minor * units,
        currency=programme.document.currency,
        requested_by=actor,
    )
    kept = PayoutPayee(
        member_id=redemption.member_id,
        redemption_no=redemption.redemption_no,
        holder=payee.holder,
        account=payee.account,
        is_iban=payee.is_iban,
    )
    session.add_all([payout, kept])
    await session.flush()
    return FoundPayout(payout, redemption, kept)
