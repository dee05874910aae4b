"""A second person says whether a payout is made. Until then its points are held; then they are spent, or free again."""

from datetime import datetime

from kernel.database import WriteSession, driver
from loyalty.approvals import SecondPersonNeededError
from loyalty.holds import SpendingBlockedError
from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.writing import write_accounts
from loyalty.models import Redemption
from loyalty.payouts.finding import FoundPayout, read_payout
from loyalty.programme.document import ProgrammeDocument
from loyalty.quoting import cannot_spend
from loyalty.rewards.ending import RedemptionNotOpenError, give_back, lock_redemption
from loyalty.rewards.issuing import note_changes
from loyalty.rewards.paying import spend_held
from loyalty.rewards.states import state_at


async def decide_payout(
    session: WriteSession,
    key: tuple[int, int],
    *,
    approved: bool,
    document: ProgrammeDocument,
    actor: str,
    reason: str | None = None,
    now: datetime,
) -> FoundPayout:
    """Approve or refuse it, once. Whoever asked on the member's behalf can refuse it and not approve it.

    Raises ``PayoutNotFoundError``, ``RedemptionNotOpenError`` for one that does not wait, ``SecondPersonNeededError``,
    and ``SpendingBlockedError`` for approving a member who is blocked or frozen.
    """
    await read_payout(session, key)
    account, redemption = await lock_redemption(session, key, now=now)
    found = await read_payout(session, key)
    if (state := state_at(redemption, now)) != "reserved":
        raise RedemptionNotOpenError("This payout does not wait for a decision.", redemption_state=state)
    if approved:
        if actor == found.payout.requested_by:
            raise SecondPersonNeededError
        if cannot_spend(account):
            raise SpendingBlockedError
        await _spend(session, account, redemption, actor=actor, reason=reason, now=now)
    else:
        await give_back(
            session, account, redemption, "cancelled", document=document, actor=actor, reason=reason, now=now
        )
    found.payout.decision = "approved" if approved else "refused"
    found.payout.decided_by, found.payout.decided_at = actor, now
    await session.flush()
    return found


async def _spend(
    session: WriteSession, account: Account, redemption: Redemption, *, actor: str, reason: str | None, now: datetime
) -> None:
    act = Act(Cause("redemption", redemption.redemption_no), actor, now, now, reason)
    spend_held(redemption, account, act)
    await write_accounts(await driver(session), [account])
    redemption.state, redemption.expires_at = "issued", None
    redemption.actor, redemption.reason = actor, reason
    await note_changes(session, [redemption], now=now)
