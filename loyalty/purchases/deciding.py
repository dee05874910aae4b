"""Deciding what becomes of a submitted sale: a repeat, a refusal, a guest's, or posted to its account. In memory."""

from typing import TypeAlias

from kernel.errors import DomainError
from loyalty.answers import differences, repeat_of
from loyalty.ledger.account import Account, Hold
from loyalty.ledger.errors import HoldNotOpenError
from loyalty.members.ids import MemberNotFoundError
from loyalty.purchases.batch import Batch, hold_key, member_named
from loyalty.purchases.checking import check_sale
from loyalty.purchases.counting import take_in_purchase
from loyalty.purchases.outcome import HoldNotFoundError, Later, Repeated, Submission
from loyalty.purchases.posting import Posted, post_sale
from loyalty.receipts import ReceiptDiffersError, ReceiptImportedError, ReceiptVoidedError
from loyalty.stores import StoreNotFoundError

Decided: TypeAlias = Posted | Submission | Repeated | Later | DomainError
"""Posted in memory, a guest's sale to be put aside, or already an outcome."""

_MEMBER_ALONE = ["/member_id"]


def decide(submission: Submission, batch: Batch) -> Decided:
    """Post the sale in memory, or say why not. Nothing is changed when an error is answered."""
    try:
        # Before anything else: whatever a new key is answered, a repeat included, is stored under it, and once.
        if submission.key not in batch.answers and not _first_in_batch(submission, batch):
            return Later.POSTPONED
        if (repeat := _repeat(submission, batch)) is not None:
            return repeat
        if not batch.alone and (submission.sale.redemptions or submission.receipt_key in batch.waiting):
            return Later.POSTPONED
        return _post(submission, batch)
    except DomainError as error:
        return error


def _repeat(submission: Submission, batch: Batch) -> Repeated | Later | None:
    """The stored answer: by idempotency key, or by the receipt, which is the same sale under another key."""
    if (answer := batch.answers.get(submission.key)) is not None:
        if (body := _body_compared(answer.body, submission, batch)) is None:
            return Later.POSTPONED
        return Repeated(*repeat_of(answer, body), same_key=True)
    receipt = batch.receipts.get(submission.receipt_key)
    if receipt is None or (submission.claims_guest and receipt.kind == "guest"):
        return None
    if receipt.kind == "void":
        if receipt.blocks(submission.sale.store_id):
            raise ReceiptVoidedError
        return None
    if receipt.is_imported:
        raise ReceiptImportedError
    first = batch.answers[receipt.first_key]
    if (body := _body_compared(first.body, submission, batch)) is None:
        return Later.POSTPONED
    if first.body != body or first.outcome is None:
        raise ReceiptDiffersError.between(first.body, body)
    return Repeated(first.status, first.outcome, same_key=False)


def _body_compared(first: bytes, submission: Submission, batch: Batch) -> bytes | None:
    """The sale's body as the repeat of ``first``; None where it takes a look at merges to tell, which a batch omits.

    Between two sendings the member may have been merged: the same card then leads to the survivor.
    """
    if first == submission.body or differences(first, submission.body) != _MEMBER_ALONE:
        return submission.body
    if not batch.alone:
        return None
    named = member_named(first)
    same = named is not None and batch.survivors.get(named, named) == submission.member_id
    return first if same else submission.body


def _first_in_batch(submission: Submission, batch: Batch) -> bool:
    names = {submission.key, submission.receipt_key}
    if names & batch.seen:
        return False
    batch.seen |= names
    return True


def _post(submission: Submission, batch: Batch) -> Posted | Submission | Later:
    sale = submission.sale
    store = batch.context.stores.get(sale.store_id)
    if store is None:
        raise StoreNotFoundError(store_id=sale.store_id)
    check_sale(sale, store_currency=store.currency)
    if submission.member_id is None:
        batch.guests.append(submission)
        return submission
    account = batch.accounts.get(submission.member_id)
    if account is None and batch.alone:
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
        vouchers=batch.vouchers,
        flags=time.flags,
        now=batch.now,
    )
    if (standing := batch.standings.get(account.member_id)) is not None:
        take_in_purchase(standing, posted, now=batch.now)
    batch.posted.append(posted)
    return posted


def _hold_of(submission: Submission, account: Account, batch: Batch) -> Hold | None:
    """The account's own hold while it is open, with its lots; otherwise what is known of it.

    Raises ``HoldNotOpenError`` for one that another sale has captured: a hold that timed out or was voided stops no
    completed sale, but two sales cannot have been paid with the same points.
    """
    key = hold_key(submission)
    if key is None:
        return None
    if key not in batch.holds:
        raise HoldNotFoundError
    own = account.holds.get(key[1]) if key[0] == account.member_id else None
    hold = own or batch.holds[key]
    if hold.status in ("captured", "captured_late"):
        raise HoldNotOpenError(status=hold.status)
    return hold
