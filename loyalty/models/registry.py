"""Registries: what must be unique across members, each keyed by that very thing."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, json_document, local_day, number, octets, words


class IdempotencyKey(SQLModel, table=True):
    """What a client's key was answered with. The same key and body get the same bytes for good."""

    __tablename__ = "idempotency_key"

    client: str = code(key=True, length=160)
    key: str = code(key=True, length=255)
    body: bytes = octets()
    """Canonical request, without transport fields; personal values replaced by keyed hashes."""
    status: int = number()
    outcome: bytes | None = octets(nullable=True)
    """Answer's bytes; NULL when it held a secret, which is shown once and never again."""
    created_at: datetime = instant()


class ReceiptKey(SQLModel, table=True):
    """Registry of receipts by their natural key: where the sale or refund is, that it waits, or must never come."""

    __tablename__ = "receipt_key"
    __table_args__ = (
        CheckConstraint("kind IN ('purchase', 'refund', 'guest', 'void', 'waiting')", name="receipt_key_kind"),
        {"postgresql_with": {"fillfactor": "95"}},
    )

    receipt_key: str = code(key=True, length=320)
    kind: str = code(length=16)
    member_id: int | None = number(nullable=True)
    number_of_kind: int | None = number(nullable=True)
    """purchase_no or refund_no within the member."""
    client: str = code(length=160)
    """With ``key``: the idempotency key under which it first came, where its body and answer are kept."""
    key: str = code(length=255)
    store_id: str | None = code(nullable=True)
    """Of a void: whose sale must never come, since a fiscal identifier names no store. None: nobody's."""


class GuestReceipt(SQLModel, table=True):
    """A sale without a member, kept apart until somebody claims it with its printed code, once."""

    __tablename__ = "guest_receipt"
    __table_args__ = (
        Index("guest_receipt_claim", "claim_hash", unique=True),
        Index("guest_receipt_terminal_day", "terminal_id", "business_date"),
        Index("guest_receipt_shift", "terminal_id", "shift", postgresql_where=text("shift IS NOT NULL")),
    )

    receipt_key: str = code(key=True, length=320)
    store_id: str = code()
    terminal_id: str = code()
    business_date: date = local_day()
    shift: str | None = code(nullable=True)
    occurred_at: datetime = instant()
    """Corrected by the till's clock skew, as a member's sale would have been."""
    claim_hash: bytes = octets()
    body: dict[str, Any] = json_document()
    """The sale as the till sent it."""
    total_minor: int = number()
    recorded_at: datetime = instant()
    claimed_by: int | None = number(nullable=True)
    claimed_at: datetime | None = instant(nullable=True)
    """Nobody can claim it after this. Without ``claimed_by``: the till voided the sale."""


class WaitingRefund(SQLModel, table=True):
    """A refund that arrived before its sale. Applied when the sale comes, listed until then."""

    __tablename__ = "waiting_refund"
    __table_args__ = (Index("waiting_refund_purchase", "purchase_key", postgresql_where=text("applied_at IS NULL")),)

    receipt_key: str = code(key=True, length=320)
    purchase_key: str = code(length=320)
    store_id: str = code()
    terminal_id: str = code()
    body: dict[str, Any] = json_document()
    client: str = code(length=160)
    key: str = code(length=255)
    received_at: datetime = instant()
    applied_at: datetime | None = instant(nullable=True)
    refusal: str | None = words(nullable=True)
    """Why it could not be applied when its sale came; it stays listed for staff."""
