"""Goods that come back without a receipt: the member gives back what the same lines would earn today.

Which sale they were of is not known, so nothing of a sale is changed: no quantities, no spent points, no counters.
Limits per member and budgets are read as if nothing had been used of them. Whoever has reached a cap would otherwise
return goods without giving anything back, and what is taken here says nothing about the period of the real sale.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from kernel.database import WriteSession, driver
from kernel.errors import ForbiddenError, UnprocessableError
from kernel.events import publish
from loyalty.answers import KeyId
from loyalty.earning.evaluate import evaluate
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.freezing import freeze
from loyalty.earning.purchase import Headroom
from loyalty.events import GoodsReturned
from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.opening import open_account
from loyalty.ledger.taking import take_available
from loyalty.ledger.writing import write_accounts
from loyalty.models import Refund
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.part import MAX_EXACT
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import Programmes
from loyalty.purchases.checking import check_sale
from loyalty.purchases.context import earning_purchase, load_context, member_facts, store_facts
from loyalty.purchases.outcome import Repeated
from loyalty.purchases.sale import Sale
from loyalty.refunds.applying import cash_reduction_minor, shortfall_policy
from loyalty.refunds.counting import take_in_unreceipted
from loyalty.refunds.returned import Refunded, ReturnedLine, WalletEffect
from loyalty.refunds.writing import day_at_store, next_refund_no, repeat_of_receipt, write_refund
from loyalty.stores import StoreNotFoundError
from loyalty.tiers.opening import open_standing
from loyalty.tiers.writing import write_standings

if TYPE_CHECKING:
    from asyncpg import Connection, Record


class ReceiptNeededError(ForbiddenError):
    """The programme takes nothing back without the sale's receipt."""

    code = "receipt_needed"
    title = "Goods are taken back with their receipt only."


class ReturnAboveMaximumError(UnprocessableError):
    """One return without receipt may be worth ``maximum_minor`` at most."""

    code = "return_above_maximum"
    title = "This is worth more than may come back without a receipt."


class UnreceiptedReturn(Struct, frozen=True, kw_only=True):
    """Returned goods, told as the basket that they would be, with the return's own receipt."""

    basket: Sale
    """Its ``member_id`` is never None; ``receipt`` and ``stated_at`` are the return's."""
    reason: str | None = None
    """A code, as a refund's."""

    @property
    def receipt_key(self) -> str:
        return "refund/" + self.basket.receipt_key


@dataclass(frozen=True, slots=True)
class ReturnSubmission:
    """A return without receipt on its way in."""

    key: KeyId
    goods: UnreceiptedReturn
    actor: str
    body: bytes
    """The canonical bytes that repeats are compared with."""


async def record_return(
    session: WriteSession, submission: ReturnSubmission, *, programmes: Programmes, now: datetime
) -> Refunded | Repeated:
    """Record a return without receipt. The caller has looked for its idempotency key, stores the answer and commits.

    Available points are taken, in the order of spending; what is missing follows the wallet's debt policy. Raises
    ``ReceiptNeededError``, ``ReturnAboveMaximumError``, ``MemberNotFoundError``, ``ReceiptDiffersError`` and what
    ``check_sale`` raises.
    """
    connection = await driver(session)
    goods = submission.goods
    repeat = await repeat_of_receipt(connection, goods.receipt_key, key=submission.key, body=submission.body)
    if repeat is not None:
        return repeat
    programme = programmes.at(now)
    _check_allowed(goods.basket, programme.document)
    assert goods.basket.member_id is not None, "a return without receipt is a member's"
    account = await open_account(connection, goods.basket.member_id, now=now)
    standing = await open_standing(connection, account, programme.tier_plan, now=now)
    evaluation = await _evaluate(connection, goods.basket, account, programme, now=now)
    refund_no = await next_refund_no(connection, account.member_id)
    occurred_at = min(goods.basket.stated_at, now)
    act = Act(Cause("refund", refund_no), submission.actor, occurred_at, now)
    effects = [
        _take(account, wallet, points, programme.document, act)
        for wallet, points in sorted(evaluation.points_by_wallet.items())
        if points
    ]
    take_in_unreceipted(
        standing,
        account,
        goods.basket.total_minor,
        effects,
        refund_no=refund_no,
        day=await day_at_store(connection, goods.basket.store_id, occurred_at),
        now=now,
    )
    await write_accounts(connection, [account])
    await write_standings(connection, [standing] if standing else [], now=now)
    outcome = _outcome(goods.basket, account, refund_no, effects, programme.document)
    await _write(session, submission, outcome, evaluation, occurred_at=occurred_at, now=now)
    return outcome


def _check_allowed(basket: Sale, document: ProgrammeDocument) -> None:
    if not document.refunds.without_receipt:
        raise ReceiptNeededError
    maximum_minor = document.refunds.without_receipt_maximum_minor
    if maximum_minor and basket.total_minor > maximum_minor:
        raise ReturnAboveMaximumError(None, amount_minor=basket.total_minor, maximum_minor=maximum_minor)


async def _evaluate(
    connection: "Connection[Record]", basket: Sale, account: Account, programme: ProgrammeSnapshot, *, now: datetime
) -> Evaluation:
    """What the lines would earn this member now, were nothing used of any limit."""
    lists = programme.segment_index.asked_lists
    context = await load_context(connection, [basket], [account.member_id], days={now.date()}, lists=lists)
    store = context.stores.get(basket.store_id)
    if store is None:
        raise StoreNotFoundError(store_id=basket.store_id)
    check_sale(basket, store_currency=store.currency)
    purchase = earning_purchase(basket, occurred_at=now, zone=account.zone, items=context.items, points_minor={})
    facts = member_facts(
        account,
        context.pasts.get(account.member_id),
        local_date=purchase.local_date,
        programme=programme,
    )
    unused = Headroom(budget_points=dict.fromkeys(programme.budgeted_rules, MAX_EXACT))
    return evaluate(purchase, facts, store_facts(store), programme, unused)


def _take(account: Account, wallet: str, points: int, document: ProgrammeDocument, act: Act) -> WalletEffect:
    taken = take_available(account, wallet, points, act, policy=shortfall_policy(document, wallet))
    return WalletEffect(
        wallet=wallet,
        taken=taken.total,
        from_lots=taken.from_lots,
        owed=taken.owed,
        written_off=taken.written_off,
        left=taken.left,
    )


def _outcome(
    basket: Sale, account: Account, refund_no: int, effects: list[WalletEffect], document: ProgrammeDocument
) -> Refunded:
    return Refunded(
        member_id=account.member_id,
        purchase_member_id=account.member_id,
        purchase_no=None,
        refund_no=refund_no,
        currency=basket.currency,
        lines=tuple(ReturnedLine(id=line.id, quantity=line.quantity) for line in basket.lines),
        amount_minor=basket.total_minor,
        points_minor=0,
        cash_reduction_minor=cash_reduction_minor(effects, basket.total_minor, document),
        effects=tuple(effects),
        balances=tuple((code, wallet.balance) for code, wallet in sorted(account.wallets.items())),
        flags=("without_receipt",),
    )


async def _write(
    session: WriteSession,
    submission: ReturnSubmission,
    outcome: Refunded,
    evaluation: Evaluation,
    *,
    occurred_at: datetime,
    now: datetime,
) -> None:
    connection = await driver(session)
    basket = submission.goods.basket
    local_date = await day_at_store(connection, basket.store_id, occurred_at)
    row = Refund(
        member_id=outcome.member_id,
        refund_no=outcome.refund_no,
        purchase_no=None,
        receipt_key=submission.goods.receipt_key,
        store_id=basket.store_id,
        terminal_id=basket.terminal_id,
        cashier_id=basket.cashier_id,
        business_date=basket.business_date(local_date),
        shift=basket.receipt.shift,
        occurred_at=occurred_at,
        recorded_at=now,
        local_date=local_date,
        currency=basket.currency,
        lines=msgspec.to_builtins(basket.lines),
        amount_minor=outcome.amount_minor,
        cash_minor=outcome.cash_minor,
        effect=msgspec.to_builtins(outcome.effects),
        evaluation=msgspec.to_builtins(freeze(evaluation)),
        reason=submission.goods.reason,
    )
    await write_refund(session, row, key=submission.key)
    event = GoodsReturned(
        member_id=outcome.member_id,
        refund_no=outcome.refund_no,
        store_id=basket.store_id,
        occurred_at=occurred_at,
        local_date=local_date,
        currency=basket.currency,
        amount_minor=outcome.amount_minor,
    )
    await publish(connection, [event], now=now)
