"""A till takes a sale back by its own reference: one that was recorded, or one that must not be recorded any more."""

from dataclasses import dataclass
from datetime import datetime

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError
from loyalty.answers import KeyId
from loyalty.programme.versions import Programmes
from loyalty.purchases.outcome import Repeated
from loyalty.purchases.sale import ReceiptRef, canonical, receipt_key
from loyalty.receipts import RegisteredReceipt, find_receipts, register_receipts
from loyalty.refunds.recording import RefundSubmission, record_refund
from loyalty.refunds.returned import PurchaseNotFoundError, Refunded, Return, Waiting

_SALE = "SELECT store_id, voided FROM purchase WHERE member_id = $1 AND purchase_no = $2"
_GUEST = "SELECT store_id FROM guest_receipt WHERE receipt_key = $1"
_MARK = "UPDATE purchase SET voided = true WHERE member_id = $1 AND purchase_no = $2"
_CLOSE_GUEST = """
UPDATE guest_receipt SET claimed_at = $2, claimed_by = NULL WHERE receipt_key = $1 AND claimed_at IS NULL
"""


class CannotVoidError(ConflictError):
    """A refund, or a guest's sale that somebody has claimed."""

    code = "cannot_void"
    title = "This receipt cannot be voided."


@dataclass(frozen=True, slots=True)
class Voided:
    """What a void did: nothing but blocking the receipt, or undoing a recorded sale."""

    receipt_key: str
    refunded: Refunded | None


async def void_sale(
    session: WriteSession,
    receipt: ReceiptRef,
    *,
    store_id: str,
    terminal_id: str,
    cashier_id: str | None,
    key: KeyId,
    actor: str,
    programmes: Programmes,
    now: datetime,
) -> Voided:
    """Void a sale. One that has not come is blocked: when it comes it is refused. A recorded one is refunded whole.

    Voiding what is void changes nothing. A store voids its own sales only: fiscal identifiers name those of others too,
    and they are answered like receipts of nobody. Raises ``PurchaseNotFoundError`` then, and ``CannotVoidError``.
    """
    connection = await driver(session)
    sale_key = receipt_key(store_id, terminal_id, receipt)
    known = (await find_receipts(connection, [sale_key])).get(sale_key)
    if known is None:
        await register_receipts(connection, [(sale_key, RegisteredReceipt("void", None, None, key))])
        return Voided(sale_key, None)
    if known.kind == "void":
        return Voided(sale_key, None)
    if known.kind == "guest":
        if await connection.fetchval(_GUEST, sale_key) != store_id:
            raise PurchaseNotFoundError
        if await connection.execute(_CLOSE_GUEST, sale_key, now) == "UPDATE 0":
            raise CannotVoidError
        return Voided(sale_key, None)
    if known.kind != "purchase" or known.member_id is None or known.number is None:
        raise CannotVoidError
    sale = await connection.fetchrow(_SALE, known.member_id, known.number)
    if sale is None or sale["store_id"] != store_id:
        raise PurchaseNotFoundError
    if sale["voided"]:
        return Voided(sale_key, None)
    refund = Return(
        store_id=store_id,
        terminal_id=terminal_id,
        cashier_id=cashier_id,
        receipt=ReceiptRef(
            number=f"void:{receipt.fiscal_id or receipt.number}",
            business_date=receipt.business_date,
            shift=receipt.shift,
        ),
        purchase_key=sale_key,
        lines=(),
        stated_at=now,
        reason="void",
    )
    submission = RefundSubmission(key=key, refund=refund, actor=actor, body=canonical(refund), is_void=True)
    outcome = await record_refund(session, submission, programmes=programmes, now=now)
    assert not isinstance(outcome, Waiting), "the sale is known"
    if isinstance(outcome, Repeated):
        return Voided(sale_key, None)
    await connection.execute(_MARK, known.member_id, known.number)
    return Voided(sale_key, outcome)
