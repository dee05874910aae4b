"""Recording completed sales: the story of a purchase, for one as for five hundred.

A till's single receipt, an offline till's queue, an import and a replay are the same call. Repeats are recognised by
their idempotency key and by their receipt; everything is decided before anything is written; nothing is raised for a
business reason, so that one refusal neither rolls back its neighbours nor loses its own answer.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kernel.database import WriteSession, driver
from loyalty.answers import KeyId
from loyalty.counters import write_counters
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.writing import write_accounts, write_late_captures
from loyalty.programme.versions import Programmes
from loyalty.purchases.announcing import announce
from loyalty.purchases.batch import Batch, hold_key, read_batch
from loyalty.purchases.deciding import Decided, decide
from loyalty.purchases.guests import record_guests
from loyalty.purchases.outcome import Outcome, RecordedGuest, Submission
from loyalty.purchases.posting import Posted
from loyalty.purchases.receipt import recorded
from loyalty.purchases.writing import write_purchases
from loyalty.receipts import RegisteredReceipt, register_receipts, unblock_receipts
from loyalty.refunds.catching_up import apply_waiting
from loyalty.rewards.issuing import note_changes
from loyalty.rewards.vouchers import Voucher, find_vouchers
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def record_purchases(
    session: WriteSession, submissions: Sequence[Submission], *, programmes: Programmes, now: datetime
) -> list[Outcome]:
    """Record ``submissions``; one outcome each, in their order. The caller stores the answers and commits.

    Members are waited for, merges followed, and refunds that came before their sale applied.
    """
    connection = await driver(session)
    submissions = await _follow_merges(connection, submissions)
    batch = await read_batch(connection, submissions, programmes=programmes, now=now, alone=True)
    batch.vouchers = await _vouchers(session, submissions, programmes)
    outcomes = await _record(connection, submissions, batch)
    await note_changes(session, [used for one in batch.posted for used in one.redeemed.used], now=now)
    for one in batch.posted:
        for waiting in batch.waiting.get(one.submission.receipt_key, ()):
            await apply_waiting(session, waiting, actor=one.submission.actor, programmes=programmes, now=now)
    return outcomes


async def _vouchers(
    session: WriteSession, submissions: Sequence[Submission], programmes: Programmes
) -> dict[str, Voucher]:
    """The issued rewards that the sales name, read after their members' locks."""
    codes = [code for submission in submissions for code in submission.sale.redemptions or ()]
    return await find_vouchers(session, codes, programmes) if codes else {}


async def record_batch(
    connection: "Connection[Record]", submissions: Sequence[Submission], *, programmes: Programmes, now: datetime
) -> list[Outcome]:
    """The same for sales that happen to come together, in the transaction that is open on ``connection``.

    Members that somebody else has locked are not waited for: their sales, like those that need more than a batch gives
    (a merged member, a second sale under the same key), come back as ``Later.POSTPONED`` to be submitted alone.
    """
    batch = await read_batch(connection, submissions, programmes=programmes, now=now, alone=False)
    return await _record(connection, submissions, batch)


async def _record(connection: "Connection[Record]", submissions: Sequence[Submission], batch: Batch) -> list[Outcome]:
    decided = [decide(submission, batch) for submission in submissions]
    await unblock_receipts(connection, _voided_elsewhere(batch))
    await _write(connection, batch)
    guests = await record_guests(connection, batch.guests, batch.times, batch.context, now=batch.now)
    return [_outcome(one, guests) for one in decided]


def _voided_elsewhere(batch: Batch) -> list[str]:
    """The receipts of recorded sales under which another store voided a sale that never came."""
    keys = [one.submission.receipt_key for one in batch.posted] + [guest.receipt_key for guest in batch.guests]
    return [key for key in keys if key in batch.receipts and batch.receipts[key].kind == "void"]


def _outcome(decided: Decided, guests: dict[KeyId, RecordedGuest]) -> Outcome:
    if isinstance(decided, Posted):
        return recorded(decided)
    return guests[decided.key] if isinstance(decided, Submission) else decided


async def _follow_merges(connection: "Connection[Record]", submissions: Sequence[Submission]) -> list[Submission]:
    """A sale for a member who was merged away is the survivor's."""
    survivors = await surviving_members(
        connection, {s.sale.member_id for s in submissions if s.sale.member_id is not None}
    )
    return [_for_member(submission, survivors) for submission in submissions]


def _for_member(submission: Submission, survivors: dict[int, int]) -> Submission:
    member_id = submission.sale.member_id
    if member_id is None or survivors.get(member_id, member_id) == member_id:
        return submission
    return replace(submission, survivor_id=survivors[member_id])


async def _write(connection: "Connection[Record]", batch: Batch) -> None:
    """Everything that was decided, a statement a table."""
    await write_accounts(connection, [account for account in batch.accounts.values() if account.is_changed])
    await write_standings(connection, batch.standings.values(), now=batch.now)
    await write_late_captures(connection, [key for one in batch.posted if (key := _captured_late(one)) is not None])
    await write_purchases(connection, batch.posted, batch.context)
    await write_counters(connection, batch.context.counters)
    for claimed in (False, True):
        await register_receipts(
            connection,
            [_registered(one) for one in batch.posted if one.submission.claims_guest is claimed],
            settles=claimed,
        )
    await announce(connection, batch.posted, batch.context, now=batch.now)


def _captured_late(posted: Posted) -> tuple[int, int] | None:
    """The hold that the sale captured after it had been resolved, under its own member, who may have been merged."""
    late = posted.hold is not None and posted.hold.status == "captured_late"
    return hold_key(posted.submission) if late else None


def _registered(one: Posted) -> tuple[str, RegisteredReceipt]:
    receipt = RegisteredReceipt("purchase", one.account.member_id, one.purchase_no, one.submission.key)
    return one.submission.receipt_key, receipt
