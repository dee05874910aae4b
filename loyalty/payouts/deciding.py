"""A second person says whether a payout is made. Until then its points are held; then they are spent, or free again."""

from datetime import datetime

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError
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


class PayoutOverDebtError(ConflictError):
    """What had earned the points was taken back since: the member owes points of ``wallets``."""

    code = "payout_over_debt"
    title = "The member owes points; refused, what is held repays them."


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
    and for approving ``SpendingBlockedError`` where the member is blocked or frozen, and ``PayoutOverDebtError``.
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
        if owed := [price["wallet"] for price in redemption.prices if account.wallet(price["wallet"]).debt]:
            raise PayoutOverDebtError(None, wallets=owed)
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
