"""What the bank said: paid, or failed, and then the points come back."""

from datetime import datetime

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError
from loyalty.ledger.writing import write_accounts
from loyalty.models import PayoutBatch
from loyalty.payouts.exporting import lock_owners, payouts_of
from loyalty.payouts.finding import FoundPayout, read_payout
from loyalty.programme.document import ProgrammeDocument
from loyalty.rewards.ending import RedemptionNotOpenError, end, give_back, lock_redemption


class PayoutNotExportedError(ConflictError):
    """It has not been handed to the bank, so that it cannot have been paid."""

    code = "payout_not_exported"
    title = "This payout is in no batch yet."


async def settle_batch(session: WriteSession, batch: PayoutBatch, *, actor: str, now: datetime) -> int:
    """The bank paid all of the batch but what was said to have failed before. Answers how many are paid by this.

    Said again, it settles what was left out because its member was merged away in that instant, or nothing.
    """
    owners = {found.payout.member_id for found in await payouts_of(session, batch, now=now)}
    ready = await lock_owners(await driver(session), owners)
    paid = [
        found.redemption
        for found in await payouts_of(session, batch, now=now)
        if found.payout.member_id in ready and found.redemption.state == "issued"
    ]
    for redemption in paid:
        await end(session, redemption, "fulfilled", actor=actor, now=now)
    return len(paid)


async def settle_payout(
    session: WriteSession,
    key: tuple[int, int],
    *,
    paid: bool,
    document: ProgrammeDocument,
    actor: str,
    reason: str | None = None,
    now: datetime,
) -> FoundPayout:
    """Note the end of an approved payout, once. One that failed gives its points back to their lots.

    An approved one that is in no batch can only be said to have failed, and is never exported then. Raises
    ``PayoutNotFoundError``, ``RedemptionNotOpenError`` and ``PayoutNotExportedError``.
    """
    await read_payout(session, key)
    account, redemption = await lock_redemption(session, key, now=now)
    found = await read_payout(session, key)
    if redemption.state != "issued":
        raise RedemptionNotOpenError("This payout is not approved, or settled.", redemption_state=redemption.state)
    if not paid:
        await give_back(
            session, account, redemption, "cancelled", document=document, actor=actor, reason=reason, now=now
        )
        return found
    if found.payout.batch_id is None:
        raise PayoutNotExportedError
    await write_accounts(await driver(session), [account])
    await end(session, redemption, "fulfilled", actor=actor, reason=reason, now=now)
    return found
