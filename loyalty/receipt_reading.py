"""Receipts as they stand in the books, whoever asks: by number within a member, or among guests and those that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from loyalty.earning.freezing import FrozenEvaluation, thaw
from loyalty.purchases.sale import Sale
from loyalty.refunds.returned import Return, WalletEffect

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SLIP = "receipt_key, store_id, terminal_id, cashier_id, business_date, shift, occurred_at, recorded_at"
_PURCHASE = f"SELECT {_SLIP} FROM purchase WHERE member_id = $1 AND purchase_no = $2"  # noqa: S608 - our columns
_REFUND = f"""
SELECT {_SLIP}, member_id, refund_no, purchase_no, currency, lines, amount_minor, cash_minor, effect, evaluation,
       is_void, reason
FROM refund WHERE member_id = $1 AND refund_no = $2
"""  # noqa: S608 - our columns
_GUEST = """
SELECT receipt_key, store_id, terminal_id, body ->> 'cashier_id' AS cashier_id, business_date, shift, occurred_at,
       recorded_at, body, claimed_at
FROM guest_receipt WHERE receipt_key = $1
"""
_WAITING = "SELECT body, received_at FROM waiting_refund WHERE receipt_key = $1"


@dataclass(frozen=True, slots=True)
class Slip:
    """What every receipt says of itself."""

    receipt_key: str
    store_id: str
    terminal_id: str
    cashier_id: str | None
    business_date: date | None
    shift: str | None
    occurred_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class BookedRefund:
    """A refund, or a return without receipt (``purchase_no`` is None), with what it did."""

    slip: Slip
    member_id: int
    refund_no: int
    purchase_no: int | None
    currency: str
    lines: Sequence[dict[str, Any]]
    amount_minor: int
    cash_minor: int
    effects: tuple[WalletEffect, ...]
    evaluation: FrozenEvaluation | None
    """Without a receipt: what the lines would have earned."""
    is_void: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class GuestSale:
    """A sale that nobody has claimed; with ``is_void`` nobody can."""

    slip: Slip
    sale: Sale
    is_void: bool


async def read_purchase_slip(connection: "Connection[Record]", member_id: int, purchase_no: int) -> Slip | None:
    row = await connection.fetchrow(_PURCHASE, member_id, purchase_no)
    return Slip(*row) if row else None


async def read_refund(connection: "Connection[Record]", member_id: int, refund_no: int) -> BookedRefund | None:
    row = await connection.fetchrow(_REFUND, member_id, refund_no)
    if row is None:
        return None
    return BookedRefund(
        slip=_slip(row),
        member_id=row["member_id"],
        refund_no=row["refund_no"],
        purchase_no=row["purchase_no"],
        currency=row["currency"],
        lines=row["lines"],
        amount_minor=row["amount_minor"],
        cash_minor=row["cash_minor"],
        effects=msgspec.convert(row["effect"], tuple[WalletEffect, ...]),
        evaluation=thaw(row["evaluation"]) if row["evaluation"] else None,
        is_void=row["is_void"],
        reason=row["reason"],
    )


async def read_guest_sale(connection: "Connection[Record]", receipt_key: str) -> GuestSale | None:
    row = await connection.fetchrow(_GUEST, receipt_key)
    return GuestSale(_slip(row), msgspec.convert(row["body"], Sale), row["claimed_at"] is not None) if row else None


async def read_waiting(connection: "Connection[Record]", receipt_key: str) -> tuple[Slip, Return] | None:
    """A refund that waits for its sale, as the till stated it."""
    row = await connection.fetchrow(_WAITING, receipt_key)
    if row is None:
        return None
    refund = msgspec.convert(row["body"], Return)
    receipt = refund.receipt
    slip = Slip(
        receipt_key,
        refund.store_id,
        refund.terminal_id,
        refund.cashier_id,
        receipt.business_date,
        receipt.shift,
        refund.stated_at,
        row["received_at"],
    )
    return slip, refund


def _slip(row: "Record") -> Slip:
    return Slip(*(row[name] for name in _SLIP.split(", ")))
