"""Sales and their refunds, as facts that were frozen when they were recorded."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, flag, instant, json_document, local_day, number, pieces


class Purchase(SQLModel, table=True):
    """A member's completed sale, with the evaluation that paid its points."""

    __tablename__ = "purchase"
    __table_args__ = (
        Index("purchase_terminal_day", "terminal_id", "business_date"),
        Index("purchase_shift", "terminal_id", "shift", postgresql_where=text("shift IS NOT NULL")),
        Index("purchase_store_day", "store_id", "local_date"),
        {"postgresql_with": {"fillfactor": "90"}},
    )

    member_id: int = number(key=True)
    purchase_no: int = number(key=True)
    receipt_key: str = code(length=320)
    store_id: str = code()
    terminal_id: str = code()
    cashier_id: str | None = code(nullable=True)
    channel: str = code(length=16)
    business_date: date = local_day()
    """As the receipt states it, else the store's local day: a shift may last beyond midnight."""
    shift: str | None = code(nullable=True)
    occurred_at: datetime = instant()
    """Business time, corrected by the till's measured clock skew where it was outside tolerance."""
    stated_at: datetime = instant()
    """The instant that the till wrote."""
    recorded_at: datetime = instant()
    local_date: date = local_day()
    """The store's local day of the sale, frozen: periods and caps fold by it."""
    currency: str = code(length=3)
    total_minor: int = number()
    discount_minor: int = number(default=0)
    """Order-level discount; line discounts stand on the lines."""
    rounding_minor: int = number(default=0)
    tenders: list[dict[str, Any]] = json_document()
    hold_no: int | None = number(nullable=True)
    spent_wallet: str | None = code(nullable=True)
    points_spent: int = number(default=0)
    points_spent_minor: int = number(default=0)
    points_owed: int = number(default=0)
    """The part of ``points_spent`` that was not there and became debt."""
    points_unpaid: int = number(default=0)
    """The part that was not there and was written off or left: a refund gives none of it back."""
    programme_version: int = number()
    evaluation: dict[str, Any] = json_document()
    """Rules, inputs, arithmetic and caps, as ``loyalty.earning`` froze them."""
    earned: dict[str, int] = json_document()
    """Points by wallet at the sale. What is left of them is the lots' to say."""
    flags: list[str] = json_document()
    voided: bool = flag()


class PurchaseLine(SQLModel, table=True):
    """A line of a sale with what the catalogue said then, its share of the points paid, and what came back."""

    __tablename__ = "purchase_line"
    __table_args__ = (
        CheckConstraint("0 <= refunded_quantity AND refunded_quantity <= quantity", name="purchase_line_refunded"),
        {"postgresql_with": {"fillfactor": "90"}},
    )

    member_id: int = number(key=True)
    purchase_no: int = number(key=True)
    line_no: int = number(key=True)
    line_id: str = code()
    sku: str = code()
    quantity: Decimal = pieces()
    amount_minor: int = number()
    discount_minor: int = number()
    tax_minor: int = number()
    kind: str = code(length=16)
    category: str = code(default="", length=256)
    brand: str = code(default="", length=128)
    tags: list[str] = json_document()
    points_minor: int = number(default=0)
    """The share of ``points_spent_minor`` that fell on this line at the sale."""
    refunded_quantity: Decimal = pieces(default=0)


class Refund(SQLModel, table=True):
    """Goods that came back, and what that did to the points."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("(purchase_no IS NULL) = (evaluation IS NOT NULL)", name="refund_purchase_or_evaluation"),
        Index("refund_purchase", "member_id", "purchase_no"),
        Index("refund_terminal_day", "terminal_id", "business_date"),
        Index("refund_shift", "terminal_id", "shift", postgresql_where=text("shift IS NOT NULL")),
    )

    member_id: int = number(key=True)
    refund_no: int = number(key=True)
    purchase_no: int | None = number(nullable=True)
    """The sale that the goods were of. None: they came back without a receipt."""
    receipt_key: str = code(length=320)
    store_id: str = code()
    terminal_id: str = code()
    cashier_id: str | None = code(nullable=True)
    business_date: date = local_day()
    shift: str | None = code(nullable=True)
    occurred_at: datetime = instant()
    recorded_at: datetime = instant()
    local_date: date = local_day()
    is_void: bool = flag()
    """The till took the whole sale back as if it had not been."""
    currency: str = code(length=3)
    lines: list[dict[str, Any]] = json_document()
    """``{"id": line id, "quantity": decimal string}`` of what came back; without a receipt the lines as sales have."""
    amount_minor: int = number()
    """Price of what came back, before the part that had been paid with points; with the last of it the rounding."""
    cash_minor: int = number()
    """What the customer gets in money."""
    effect: dict[str, Any] = json_document()
    """Points taken, returned, owed, written off and forgiven, by wallet."""
    evaluation: dict[str, Any] | None = json_document(nullable=True)
    """Without a receipt: what the lines would have earned that day, which is what was taken."""
    reason: str | None = code(nullable=True)
    """A code of the business: what is kept for good holds no free text."""
