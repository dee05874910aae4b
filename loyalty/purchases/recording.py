"""Recording completed sales: the story of a purchase, for one as for five hundred.

A till's single receipt, an offline till's queue, an import and a replay are the same call. Repeats are recognised by
their idempotency key and by their receipt; everything is decided before anything is written; nothing is raised for a
business reason, so that one refusal neither rolls back its neighbours nor loses its own answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from kernel.database import WriteSession, driver
from kernel.errors import DomainError
from loyalty.answers import KeyId, StoredAnswer, find_answers, repeat_of
from loyalty.counters import write_counters
from loyalty.ledger.account import Account, Hold
from loyalty.ledger.due import apply_due
from loyalty.ledger.errors import HoldNotOpenError
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import load_holds, lock_accounts
from loyalty.ledger.writing import write_accounts, write_late_captures
from loyalty.members.ids import MemberNotFoundError
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import Programmes
from loyalty.purchases.announcing import announce
from loyalty.purchases.checking import check_sale
from loyalty.purchases.context import Context, load_context
from loyalty.purchases.guests import record_guests
from loyalty.purchases.outcome import (
    HoldNotFoundError,
    Later,
    Outcome,
    RecordedGuest,
    Repeated,
    Submission,
)
from loyalty.purchases.posting import Posted, post_sale
from loyalty.purchases.receipt import recorded
from loyalty.purchases.timing import BusinessTime, business_time
from loyalty.purchases.writing import write_purchases
from loyalty.receipts import (
    ReceiptDiffersError,
    ReceiptVoidedError,
    RegisteredReceipt,
    find_receipts,
    register_receipts,
)
from loyalty.refunds.recording import apply_waiting
from loyalty.refunds.waiting import WaitingReturn, waiting_for
from loyalty.stores import StoreNotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


@dataclass(slots=True)
class _Batch:
    """What was read for the submissions, and what was decided so far."""

    now: datetime
    accounts: dict[int, Account]
    answers: dict[KeyId, StoredAnswer]
    receipts: dict[str, RegisteredReceipt]
    holds: dict[tuple[int, int], Hold]
    waiting: dict[str, list[WaitingReturn]]
    """Receipt key -> refunds that came before their sale."""
    times: dict[KeyId, BusinessTime]
    programmes: dict[KeyId, ProgrammeSnapshot]
    context: Context
    seen: set[object] = field(default_factory=set)
    posted: list[Posted] = field(default_factory=list)
    guests: list[Submission] = field(default_factory=list)


async def record_purchases(
    session: WriteSession,
    submissions: Sequence[Submission],
    *,
    programmes: Programmes,
    now: datetime,
    alone: bool = True,
) -> list[Outcome]:
    """Record ``submissions``; one outcome each, in their order. The caller stores the answers and commits.

    With ``alone=False`` members that somebody else has locked are not waited for: their sales, like those that need
    more than a batch gives (a merged member, a second sale under the same key), come back as ``Later.POSTPONED`` to
    be submitted alone.
    """
    connection = await driver(session)
    if alone:
        submissions = await _follow_merges(connection, submissions)
    batch = await _read(connection, submissions, programmes=programmes, now=now, skip_locked=not alone)
    decided = [_decide(submission, batch, alone=alone) for submission in submissions]
    await _write(connection, batch)
    guests = await record_guests(connection, batch.guests, batch.times, batch.context, now=now)
    if alone:
        await _refund_what_waited(session, batch, programmes=programmes, now=now)
    return [_outcome(one, guests) for one in decided]


def _outcome(decided: "_Decided", guests: dict[KeyId, RecordedGuest]) -> Outcome:
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


async def _read(
    connection: "Connection[Record]",
    submissions: Sequence[Submission],
    *,
    programmes: Programmes,
    now: datetime,
    skip_locked: bool,
) -> _Batch:
    """Lock the members, then read."""
    accounts = await lock_accounts(
        connection,
        [s.member_id for s in submissions if s.member_id is not None],
        now=now,
        with_lots=[s.member_id for s in submissions if s.member_id is not None and s.sale.hold_no is not None],
        skip_locked=skip_locked,
    )
    for account in accounts.values():
        apply_due(account, now)
    till = programmes.at(now).document.till
    times = {
        s.key: business_time(stated_at=s.sale.stated_at, sent_at=s.sent_at, now=now, settings=till) for s in submissions
    }
    chosen = {s.key: _programme_of(s, times[s.key], programmes) for s in submissions}
    receipts = await find_receipts(connection, {s.receipt_key for s in submissions})
    keys = {s.key for s in submissions} | {receipt.first_key for receipt in receipts.values()}
    return _Batch(
        now=now,
        accounts=accounts,
        answers=await find_answers(connection, keys),
        receipts=receipts,
        holds=await load_holds(connection, [key for s in submissions if (key := _hold_key(s)) is not None]),
        waiting=await waiting_for(connection, {s.receipt_key for s in submissions}),
        times=times,
        programmes=chosen,
        context=await load_context(
            connection,
            [s.sale for s in submissions],
            list(accounts),
            days={time.occurred_at.date() for time in times.values()},
            budgeted_rules={rule for programme in chosen.values() for rule in programme.budgeted_rules},
        ),
    )


def _programme_of(submission: Submission, time: BusinessTime, programmes: Programmes) -> ProgrammeSnapshot:
    """The quote's version while the till honours it, else the one in force when the sale happened."""
    quoted = programmes.version(submission.quoted_version) if submission.quoted_version else None
    return quoted or programmes.at(time.occurred_at)


def _hold_key(submission: Submission) -> tuple[int, int] | None:
    sale = submission.sale
    return None if sale.member_id is None or sale.hold_no is None else (sale.member_id, sale.hold_no)


_Decided: TypeAlias = Posted | Submission | Repeated | Later | DomainError
"""Posted in memory, a guest's sale to be put aside, or already an outcome."""


def _decide(submission: Submission, batch: _Batch, *, alone: bool) -> _Decided:
    """Post the sale in memory, or say why not. Nothing is changed when an error is answered."""
    try:
        if (repeat := _repeat(submission, batch)) is not None:
            return repeat
        if not _first_in_batch(submission, batch) or (not alone and submission.receipt_key in batch.waiting):
            return Later.POSTPONED
        return _post(submission, batch, alone=alone)
    except DomainError as error:
        return error


def _repeat(submission: Submission, batch: _Batch) -> Repeated | None:
    """The stored answer: by idempotency key, or by the receipt, which is the same sale under another key."""
    if (answer := batch.answers.get(submission.key)) is not None:
        return Repeated(*repeat_of(answer, submission.body), same_key=True)
    receipt = batch.receipts.get(submission.receipt_key)
    if receipt is None or (submission.claims_guest and receipt.kind == "guest"):
        return None
    if receipt.kind == "void":
        raise ReceiptVoidedError
    first = batch.answers[receipt.first_key]
    if first.body != submission.body or first.outcome is None:
        raise ReceiptDiffersError.between(first.body, submission.body)
    return Repeated(first.status, first.outcome, same_key=False)


def _first_in_batch(submission: Submission, batch: _Batch) -> bool:
    names = {submission.key, submission.receipt_key}
    if names & batch.seen:
        return False
    batch.seen |= names
    return True


def _post(submission: Submission, batch: _Batch, *, alone: bool) -> Posted | Submission | Later:
    sale = submission.sale
    store = batch.context.stores.get(sale.store_id)
    if store is None:
        raise StoreNotFoundError(store_id=sale.store_id)
    check_sale(sale, store_currency=store.currency)
    if submission.member_id is None:
        batch.guests.append(submission)
        return submission
    account = batch.accounts.get(submission.member_id)
    if account is None and alone:
        raise MemberNotFoundError
    if account is None or account.merged_into is not None:
        return Later.POSTPONED
    time = batch.times[submission.key]
    posted = post_sale(
        submission,
        account,
        batch.context,
        batch.programmes[submission.key],
        hold=_hold_of(submission, account, batch),
        occurred_at=time.occurred_at,
        flags=time.flags,
        now=batch.now,
    )
    batch.posted.append(posted)
    return posted


def _hold_of(submission: Submission, account: Account, batch: _Batch) -> Hold | None:
    """The account's own hold while it is open, with its lots; otherwise what is known of it.

    Raises ``HoldNotOpenError`` for one that another sale has captured: a hold that timed out or was voided stops no
    completed sale, but two sales cannot have been paid with the same points.
    """
    key = _hold_key(submission)
    if key is None:
        return None
    if key not in batch.holds:
        raise HoldNotFoundError
    own = account.holds.get(key[1]) if key[0] == account.member_id else None
    hold = own or batch.holds[key]
    if hold.status in ("captured", "captured_late"):
        raise HoldNotOpenError(status=hold.status)
    return hold


def _captured_late(posted: Posted) -> tuple[int, int] | None:
    """The hold that the sale captured after it had been resolved, under its own member, who may have been merged."""
    late = posted.hold is not None and posted.hold.status == "captured_late"
    return _hold_key(posted.submission) if late else None


async def _refund_what_waited(session: WriteSession, batch: _Batch, *, programmes: Programmes, now: datetime) -> None:
    """Apply the refunds that came before the sales that have just been written."""
    for one in batch.posted:
        for waiting in batch.waiting.get(one.submission.receipt_key, ()):
            await apply_waiting(session, waiting, actor=one.submission.actor, programmes=programmes, now=now)


def _registered(one: Posted) -> tuple[str, RegisteredReceipt]:
    receipt = RegisteredReceipt("purchase", one.account.member_id, one.purchase_no, one.submission.key)
    return one.submission.receipt_key, receipt


async def _write(connection: "Connection[Record]", batch: _Batch) -> None:
    """Everything that was decided, a statement a table."""
    changed = [account for account in batch.accounts.values() if account.is_changed]
    await write_accounts(connection, changed)
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
