"""Recording a refund: the story.

A refund names its sale. It is worked out from that sale's frozen facts, taken from the points that sale earned, and it
returns the points that were spent on what came back. A refund whose sale has not come yet waits for it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kernel.database import WriteSession, driver
from kernel.events import publish
from loyalty.answers import KeyId
from loyalty.counters import load_counters, write_counters
from loyalty.earning.evaluation import CapUse
from loyalty.events import PurchaseRefunded
from loyalty.ledger.account import Account
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_accounts
from loyalty.ledger.writing import write_accounts
from loyalty.models import Refund
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.publishing import snapshot_of
from loyalty.programme.versions import Programmes
from loyalty.purchases.outcome import Repeated
from loyalty.receipts import ReceiptVoidedError, find_receipts
from loyalty.refunds.applying import Traced, apply_refund, cash_reduction_minor
from loyalty.refunds.counting import take_in_refund
from loyalty.refunds.original import Original, load_original
from loyalty.refunds.reckoning import Reckoning, reckon
from loyalty.refunds.returned import (
    PurchaseNotFoundError,
    Refunded,
    Return,
    ReturnedLine,
    Waiting,
)
from loyalty.refunds.tracing import trace_earned, trace_spent
from loyalty.refunds.waiting import keep_waiting
from loyalty.refunds.writing import day_at_store, next_refund_no, repeat_of_receipt, write_refund
from loyalty.tiers.opening import open_standing
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_RETURN_LINES = """
UPDATE purchase_line AS l SET refunded_quantity = l.refunded_quantity + v.quantity
FROM unnest($3::bigint[], $4::numeric[]) AS v (line_no, quantity)
WHERE l.member_id = $1 AND l.purchase_no = $2 AND l.line_no = v.line_no
"""


@dataclass(frozen=True, slots=True)
class RefundSubmission:
    """A refund on its way in."""

    key: KeyId
    refund: Return
    actor: str
    body: bytes
    """The refund's canonical bytes."""
    is_void: bool = False
    has_waited: bool = False
    """It came before its sale and was answered then."""


async def record_refund(
    session: WriteSession, submission: RefundSubmission, *, programmes: Programmes, now: datetime
) -> Refunded | Waiting | Repeated:
    """Record one refund. The caller has looked for its idempotency key, stores the answer and commits.

    A refund whose receipt is known is a repeat, whatever its idempotency key. One of a guest's sale waits until
    somebody claims that: before, there are no points to take. Raises ``ReceiptDiffersError`` when the receipt had
    other content, ``ReceiptVoidedError`` for a sale that was voided, and what ``reckon`` raises.
    """
    connection = await driver(session)
    if not submission.has_waited:
        repeat = await repeat_of_receipt(
            connection, submission.refund.receipt_key, key=submission.key, body=submission.body
        )
        if repeat is not None:
            return repeat
    where = await _find(connection, submission)
    if where is None:
        return await keep_waiting(connection, submission.key, submission.refund, now=now)
    account = await lock_owner(connection, where[0], now=now)
    original = await load_original(connection, *where)
    if original is None:
        raise PurchaseNotFoundError
    return await _refund(session, submission, account, original, programmes=programmes, now=now)


async def _find(connection: "Connection[Record]", submission: RefundSubmission) -> tuple[int, int] | None:
    """Where the sale is; None when it has not come yet, also where another store voided one of its name, or is still a
    guest's.
    """
    key = submission.refund.purchase_key
    receipt = (await find_receipts(connection, [key])).get(key)
    if receipt is None or receipt.kind == "guest":
        return None
    if receipt.kind == "void":
        if receipt.blocks(submission.refund.store_id):
            raise ReceiptVoidedError
        return None
    if receipt.member_id is None or receipt.number is None or receipt.kind != "purchase":
        raise PurchaseNotFoundError("This receipt is no purchase.")
    return receipt.member_id, receipt.number


async def lock_owner(connection: "Connection[Record]", member_id: int, *, now: datetime) -> Account:
    """The account that the sale's points are in now, locked together with the sale's own member."""
    survivor = (await surviving_members(connection, [member_id])).get(member_id, member_id)
    accounts = await lock_accounts(connection, {member_id, survivor}, now=now, with_lots=[survivor, member_id])
    if survivor not in accounts:
        raise PurchaseNotFoundError
    if accounts[survivor].merged_into is not None:
        # Merged between the look-up and the lock: the locks taken so far are kept, the new survivor's is added.
        return await lock_owner(connection, survivor, now=now)
    apply_due(accounts[survivor], now)
    return accounts[survivor]


async def _refund(
    session: WriteSession,
    submission: RefundSubmission,
    account: Account,
    original: Original,
    *,
    programmes: Programmes,
    now: datetime,
) -> Refunded:
    connection = await driver(session)
    refund = submission.refund
    programme = await snapshot_of(session, programmes, original.programme_version) if original.evaluation else None
    reckoning = reckon(original, refund.lines, programme)
    current = programmes.at(now)
    document = current.document
    standing = await open_standing(connection, account, current.tier_plan, now=now)
    refund_no = await next_refund_no(connection, original.member_id)
    occurred_at = min(refund.stated_at, now)
    act = Act(Cause("refund", refund_no), submission.actor, occurred_at, now)
    traced = Traced(
        await trace_earned(connection, account, original.member_id, Cause("purchase", original.purchase_no)),
        await trace_spent(connection, account, original.member_id, original.purchase_no, original.hold_no),
    )
    effects = apply_refund(account, original, reckoning, traced, document, act)
    take_in_refund(standing, account, original, reckoning, effects, refund_no=refund_no, now=now)
    outcome = Refunded(
        member_id=account.member_id,
        purchase_member_id=original.member_id,
        purchase_no=original.purchase_no,
        refund_no=refund_no,
        currency=original.currency,
        lines=tuple(ReturnedLine(id=k, quantity=f"{q.normalize():f}") for k, q in reckoning.quantities.items()),
        amount_minor=reckoning.amount_minor,
        points_minor=reckoning.points_minor,
        cash_reduction_minor=cash_reduction_minor(
            effects,
            reckoning.amount_minor - reckoning.points_minor,
            document,
            earlier=original.earlier,
            reduced_minor=original.not_in_cash_minor - reckoning.points_minor_before,
        ),
        effects=tuple(effects),
        balances=tuple((code, wallet.balance) for code, wallet in sorted(account.wallets.items())),
        flags=_flags(original, document, occurred_at),
    )
    await write_accounts(connection, [account])
    await write_standings(connection, [standing] if standing else [], now=now)
    await _return_to_counters(connection, account, original, reckoning)
    await _write(session, submission, original, reckoning, outcome, occurred_at=occurred_at, now=now)
    return outcome


def _flags(original: Original, document: ProgrammeDocument, occurred_at: datetime) -> tuple[str, ...]:
    days = document.refunds.return_window_days
    return ("after_return_window",) if days and (occurred_at - original.occurred_at).days > days else ()


async def _return_to_counters(
    connection: "Connection[Record]", account: Account, original: Original, reckoning: Reckoning
) -> None:
    taken = reckoning.taken
    if original.evaluation is None or not (taken.cap_uses or taken.budget_uses):
        return
    counters = await load_counters(
        connection,
        [account.member_id, original.member_id],
        [original.evaluation.purchase.local_date],
        budgeted_rules=taken.budget_uses,
    )
    uses = [CapUse(use.rule, use.period, use.period_key, -use.points) for use in taken.cap_uses]
    counters.count(account.member_id, uses, {})
    # A merge moves the counters of caps and no slice of a budget: the sale drew on its own member's.
    counters.count(original.member_id, (), {rule: -points for rule, points in taken.budget_uses.items()})
    await write_counters(connection, counters)


async def _write(
    session: WriteSession,
    submission: RefundSubmission,
    original: Original,
    reckoning: Reckoning,
    outcome: Refunded,
    *,
    occurred_at: datetime,
    now: datetime,
) -> None:
    connection = await driver(session)
    refund = submission.refund
    local_date = await day_at_store(connection, refund.store_id, occurred_at)
    row = Refund(
        member_id=original.member_id,
        refund_no=outcome.refund_no,
        purchase_no=original.purchase_no,
        receipt_key=refund.receipt_key,
        store_id=refund.store_id,
        terminal_id=refund.terminal_id,
        cashier_id=refund.cashier_id,
        business_date=refund.receipt.business_date or local_date,
        shift=refund.receipt.shift,
        occurred_at=occurred_at,
        recorded_at=now,
        local_date=local_date,
        is_void=submission.is_void,
        currency=original.currency,
        lines=msgspec.to_builtins(outcome.lines),
        amount_minor=outcome.amount_minor,
        cash_minor=outcome.cash_minor,
        effect=msgspec.to_builtins(outcome.effects),
        reason=refund.reason,
    )
    await write_refund(session, row, key=submission.key, has_waited=submission.has_waited)
    numbers = [original.line_nos[line_id] for line_id in reckoning.quantities]
    await connection.execute(
        _RETURN_LINES, original.member_id, original.purchase_no, numbers, list(reckoning.quantities.values())
    )
    await publish(
        connection,
        [
            PurchaseRefunded(
                member_id=outcome.member_id,
                refund_no=outcome.refund_no,
                purchase_no=original.purchase_no,
                store_id=refund.store_id,
                occurred_at=occurred_at,
                local_date=local_date,
                currency=original.currency,
                amount_minor=outcome.amount_minor,
                is_void=submission.is_void,
            )
        ],
        now=now,
    )
