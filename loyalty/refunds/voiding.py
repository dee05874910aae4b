"""A till takes a sale back by its own reference: one that was recorded, or one that must not be recorded any more."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError
from loyalty.answers import KeyId, find_answers
from loyalty.programme.versions import Programmes
from loyalty.purchases.outcome import Repeated
from loyalty.purchases.sale import ReceiptRef, canonical, receipt_key
from loyalty.receipts import block_receipt, block_receipt_for_all, find_receipts
from loyalty.refunds.recording import RefundSubmission, lock_owner, record_refund
from loyalty.refunds.returned import NothingToRefundError, PurchaseNotFoundError, Refunded, Return
from loyalty.rewards.ending import refund_used_in

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SALE = "SELECT store_id, voided FROM purchase WHERE member_id = $1 AND purchase_no = $2"
_MARK = "UPDATE purchase SET voided = true WHERE member_id = $1 AND purchase_no = $2"
_FIRST_VOID = "SELECT receipt_key FROM refund WHERE member_id = $1 AND purchase_no = $2 AND is_void"
_GUEST = "SELECT store_id, claimed_at, claimed_by FROM guest_receipt WHERE receipt_key = $1 FOR UPDATE"
_CLOSE_GUEST = "UPDATE guest_receipt SET claimed_at = $2, claimed_by = NULL WHERE receipt_key = $1"


class SaleRefundedError(ConflictError):
    """Refunds have brought everything back: it was sold, came back, and stays so in the books."""

    code = "sale_refunded"
    title = "Everything of this sale has come back by refunds; there is nothing left to void."


@dataclass(frozen=True, slots=True)
class VoidSubmission:
    """A void on its way in: the sale by its receipt, as its own store's till names it."""

    key: KeyId
    receipt: ReceiptRef
    store_id: str
    terminal_id: str
    cashier_id: str | None
    actor: str

    @property
    def sale_key(self) -> str:
        return receipt_key(self.store_id, self.terminal_id, self.receipt)

    def as_return(self, *, now: datetime) -> Return:
        """The refund of all that is left, under a receipt that names what it voids and that no till can send."""
        number = f"void//{self.receipt.fiscal_id or self.receipt.number}"
        return Return(
            store_id=self.store_id,
            terminal_id=self.terminal_id,
            cashier_id=self.cashier_id,
            receipt=ReceiptRef(number=number, business_date=self.receipt.business_date, shift=self.receipt.shift),
            purchase_key=self.sale_key,
            lines=(),
            stated_at=now,
            reason="void",
        )


@dataclass(frozen=True, slots=True)
class Voided:
    """What a void did: nothing but blocking the receipt, or undoing a recorded sale."""

    receipt_key: str
    refunded: Refunded | None


async def void_sale(
    session: WriteSession, submission: VoidSubmission, *, programmes: Programmes, now: datetime
) -> Voided | Repeated:
    """Void a sale. One that has not come is blocked: when it comes it is refused. A recorded one is refunded whole.

    A sale is voided once, and the sale is what names the void: whoever voids it again, under whatever key, gets the
    first answer. A store voids its own sales only: fiscal identifiers name those of others too, and they are answered
    like receipts of nobody. Raises ``PurchaseNotFoundError`` then, and ``SaleRefundedError``.
    """
    connection = await driver(session)
    known = (await find_receipts(connection, [submission.sale_key])).get(submission.sale_key)
    if known is None:
        await block_receipt(connection, submission.sale_key, store_id=submission.store_id, key=submission.key)
        return Voided(submission.sale_key, None)
    if known.kind == "void":
        blocks = known.blocks(submission.store_id) or await block_receipt_for_all(connection, submission.sale_key)
        if not blocks:
            return await void_sale(session, submission, programmes=programmes, now=now)
        return Voided(submission.sale_key, None)
    if known.kind == "guest" and await _close_guest(connection, submission, now=now):
        return Voided(submission.sale_key, None)
    if known.kind == "guest":
        # Somebody claimed it while its row was waited for: now it is a purchase.
        return await void_sale(session, submission, programmes=programmes, now=now)
    if known.kind != "purchase" or known.member_id is None or known.number is None:
        raise PurchaseNotFoundError
    return await _void_purchase(session, submission, known.member_id, known.number, programmes=programmes, now=now)


async def _close_guest(connection: "Connection[Record]", submission: VoidSubmission, *, now: datetime) -> bool:
    """Whether the guest's sale is closed, by this void or by one before it; not when somebody has claimed it."""
    guest = await connection.fetchrow(_GUEST, submission.sale_key)
    if guest is None or guest["store_id"] != submission.store_id:
        raise PurchaseNotFoundError
    if guest["claimed_at"] is None:
        await connection.execute(_CLOSE_GUEST, submission.sale_key, now)
        return True
    return guest["claimed_by"] is None


async def _void_purchase(
    session: WriteSession,
    submission: VoidSubmission,
    member_id: int,
    purchase_no: int,
    *,
    programmes: Programmes,
    now: datetime,
) -> Voided | Repeated:
    connection = await driver(session)
    await lock_owner(connection, member_id, now=now)
    sale = await connection.fetchrow(_SALE, member_id, purchase_no)
    if sale is None or sale["store_id"] != submission.store_id:
        raise PurchaseNotFoundError
    if sale["voided"]:
        return await _first_answer(connection, submission, member_id, purchase_no)
    refund = submission.as_return(now=now)
    returned = RefundSubmission(submission.key, refund, submission.actor, canonical(refund), is_void=True)
    try:
        outcome = await record_refund(session, returned, programmes=programmes, now=now)
    except NothingToRefundError as nothing_left:
        raise SaleRefundedError from nothing_left
    assert isinstance(outcome, Refunded), "the sale is there, locked, and was not voided before"
    await connection.execute(_MARK, member_id, purchase_no)
    document = programmes.at(now).document
    if document.till.voided_redemptions == "refund":
        await refund_used_in(session, member_id, purchase_no, document=document, actor=submission.actor, now=now)
    return Voided(submission.sale_key, outcome)


async def _first_answer(
    connection: "Connection[Record]", submission: VoidSubmission, member_id: int, purchase_no: int
) -> Repeated:
    refund_key = await connection.fetchval(_FIRST_VOID, member_id, purchase_no)
    first_key = (await find_receipts(connection, [refund_key]))[refund_key].first_key
    first = (await find_answers(connection, [first_key]))[first_key]
    assert first.outcome is not None, "the answer to a void holds no secret"
    return Repeated(first.status, first.outcome, same_key=first_key == submission.key)
