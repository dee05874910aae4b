"""Invoices that billing sends to members, and what has been paid of them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, local_day, number, octets


class Invoice(SQLModel, table=True):
    """What a member was asked to pay, and until when. Paid in time it is an action of the kind ``on_time_payment``."""

    __tablename__ = "invoice"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'paid', 'cancelled')", name="invoice_state"),
        CheckConstraint("0 < amount_minor AND 0 <= paid_minor AND paid_minor <= amount_minor", name="invoice_amounts"),
        CheckConstraint("issued_on <= due_on", name="invoice_days"),
        CheckConstraint(
            "(state = 'paid') = (paid_at IS NOT NULL) AND (state = 'paid') = (settled_by IS NOT NULL)"
            " AND (state = 'paid') = (punctual_run IS NOT NULL)",
            name="invoice_paid",
        ),
        CheckConstraint("state = 'cancelled' OR (state = 'paid') = (paid_minor = amount_minor)", name="invoice_whole"),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="invoice_cancelled"),
        Index("invoice_due", "member_id", "due_on", "invoice_no"),
    )

    member_id: int = number(key=True)
    invoice_no: int = number(key=True)
    source: str = code()
    """Which of the business's systems numbers it."""
    billing_number: str = code(length=128)
    """Its number there."""
    amount_minor: int = number()
    currency: str = code(length=3)
    issued_on: date = local_day()
    due_on: date = local_day()
    """The last day in ``zone`` on which a payment is on time."""
    zone: str = code()
    """The member's when it was registered, frozen: a member who moves makes no payment late."""
    state: str = code(default="open", length=16)
    paid_minor: int = number(default=0)
    last_payment_no: int = number(default=0)
    paid_at: datetime | None = instant(nullable=True)
    """The instant of the payment that made it whole: the latest of those that stand."""
    settled_by: int | None = number(nullable=True)
    """The payment with whose news it was whole."""
    punctual_run: int | None = number(nullable=True)
    """How many in a row were paid in time up to this one, as it was known then; 0 when this one was late."""
    refusal: str | None = code(nullable=True)
    """Code of why a payment in time was not recorded as an action."""
    registered_at: datetime = instant()
    cancelled_at: datetime | None = instant(nullable=True)
    reason: str | None = code(nullable=True)
    """A code: why it was cancelled."""


class InvoicePayment(SQLModel, table=True):
    """Money that came for an invoice, or a part of it."""

    __tablename__ = "invoice_payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="invoice_payment_amount"),
        CheckConstraint("(reversed_at IS NULL) = (reason IS NULL)", name="invoice_payment_reversed"),
        Index("invoice_payment_reference", "member_id", "invoice_no", "reference", unique=True),
    )

    member_id: int = number(key=True)
    invoice_no: int = number(key=True)
    payment_no: int = number(key=True)
    reference: str = code(length=128)
    """Billing's own name for it: told again under it, it is the same payment."""
    amount_minor: int = number()
    paid_at: datetime = instant()
    recorded_at: datetime = instant()
    reversed_at: datetime | None = instant(nullable=True)
    """It bounced, or was booked wrongly: it counts as if it had not been."""
    reason: str | None = code(nullable=True)


class InvoiceKey(SQLModel, table=True):
    """Registry of invoices by their natural key."""

    __tablename__ = "invoice_key"

    source: str = code(key=True)
    billing_number: str = code(key=True, length=128)
    member_id: int = number()
    invoice_no: int = number()
    body: bytes = octets()
    """What was registered, canonical and without its member: a repeat is compared with it."""
