"""The points ledger's tables. ``loyalty.ledger`` alone writes them.

No foreign key leads from here: they were measured at 18 % of PostgreSQL's work on this path, and ``comeback
verify`` looks for orphans. ``journal``, ``lot_movement`` and ``ledger_seal`` are append-only: the application's role
has no right to update or delete them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, json_document, number, octets

_ACCOUNTS = (
    "'member', 'debt', 'issued', 'redeemed', 'expired', 'forfeited', 'adjusted', 'transfer', 'migrated', 'written_off'"
)


class Balance(SQLModel, table=True):
    """A member's points in one wallet: the fold of their journal and of their lots, kept to be read at once."""

    __tablename__ = "balance"
    __table_args__ = (
        CheckConstraint("0 <= held AND held <= remaining AND debt >= 0", name="balance_bounds"),
        Index("balance_due", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "60"}},
    )

    member_id: int = number(key=True)
    wallet: str = code(key=True)
    remaining: int = number(default=0)
    """Points in lots: pending, free and held."""
    held: int = number(default=0)
    debt: int = number(default=0)
    """What a claw-back could not take. Balance = remaining - debt."""
    next_due_at: datetime | None = instant(nullable=True)
    """The earliest instant at which something becomes due (release, hold time-out, expiry). Never later than true."""
    sliding_expires_at: datetime | None = instant(nullable=True)
    """When all points expire unless the member is active before: one instant on the balance, not on the lots."""


class JournalEntry(SQLModel, table=True):
    """One movement of points from one account to another. Append-only."""

    __tablename__ = "journal"
    __table_args__ = (
        CheckConstraint("amount > 0", name="journal_amount"),
        CheckConstraint("debit <> credit", name="journal_two_sides"),
        CheckConstraint(f"debit IN ({_ACCOUNTS})", name="journal_debit"),
        CheckConstraint(f"credit IN ({_ACCOUNTS})", name="journal_credit"),
    )

    member_id: int = number(key=True)
    entry_no: int = number(key=True)
    wallet: str = code()
    debit: str = code(length=16)
    credit: str = code(length=16)
    amount: int = number()
    kind: str = code(length=32)
    cause_kind: str = code(length=16)
    cause_no: int = number()
    """Number of the cause within the member: purchase, refund, action, hold or lot, by ``cause_kind``."""
    actor: str = code(length=160)
    """Who did it: ``terminal:<id>/<cashier>``, ``staff:<id>``, ``member``, ``system`` or ``job:<name>``."""
    occurred_at: datetime = instant()
    recorded_at: datetime = instant()
    balance_after: int = number()
    reason: str | None = code(nullable=True)


class Lot(SQLModel, table=True):
    """Points that were earned together and expire together."""

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("amount > 0 AND 0 <= held AND held <= remaining AND remaining <= amount", name="lot_bounds"),
        Index(
            "lot_live",
            "member_id",
            "wallet",
            postgresql_where=text("remaining > 0"),
        ),
        Index("lot_cause", "member_id", "cause_kind", "cause_no"),
        Index(
            "lot_origin",
            "origin_member_id",
            "origin_lot_no",
            postgresql_where=text("origin_member_id IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    member_id: int = number(key=True)
    lot_no: int = number(key=True)
    wallet: str = code()
    amount: int = number()
    remaining: int = number()
    held: int = number(default=0)
    available_from: datetime = instant()
    activated_at: datetime | None = instant(nullable=True)
    """When the points stopped being pending; the expiry clock starts here."""
    expires_at: datetime | None = instant(nullable=True)
    """Exclusive. NULL until the lot is activated, and for good when it never expires."""
    expiry: dict[str, Any] = json_document()
    """The expiry policy as it was when the points were earned; applied at activation."""
    entry_no: int = number()
    cause_kind: str = code(length=16)
    cause_no: int = number()
    origin_member_id: int | None = number(nullable=True)
    """For points that came by merge or gift: the lot they were."""
    origin_lot_no: int | None = number(nullable=True)


class LotMovement(SQLModel, table=True):
    """One change of a lot and its cause. Append-only; a lot's ``remaining`` and ``held`` are folds of these."""

    __tablename__ = "lot_movement"
    __table_args__ = (
        CheckConstraint("amount > 0", name="lot_movement_amount"),
        Index("lot_movement_cause", "member_id", "cause_kind", "cause_no"),
        Index("lot_movement_lot", "member_id", "lot_no"),
    )

    member_id: int = number(key=True)
    movement_no: int = number(key=True)
    lot_no: int = number()
    kind: str = code(length=16)
    amount: int = number()
    cause_kind: str = code(length=16)
    cause_no: int = number()
    entry_no: int | None = number(nullable=True)
    """The journal row it belongs to; holding and releasing move no balance and have none."""
    occurred_at: datetime = instant()
    recorded_at: datetime = instant()


class Hold(SQLModel, table=True):
    """Points set aside for one sale. It resolves once: captured, voided or timed out."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'captured', 'voided', 'expired', 'captured_late')", name="hold_status"),
        CheckConstraint("amount > 0 AND 0 <= captured AND captured <= amount", name="hold_captured"),
        Index("hold_open", "member_id", postgresql_where=text("status = 'open'")),
        Index("hold_reference", "terminal_id", "reference", postgresql_where=text("reference IS NOT NULL")),
    )

    member_id: int = number(key=True)
    hold_no: int = number(key=True)
    wallet: str = code()
    amount: int = number()
    captured: int = number(default=0)
    status: str = code(default="open", length=16)
    expires_at: datetime = instant()
    store_id: str = code()
    terminal_id: str = code()
    reference: str | None = code(nullable=True, length=128)
    """The till's own name for the sale, by which it can void a hold whose answer it never saw."""
    amount_minor: int = number()
    """What the held points are worth in the sale."""
    allocation: dict[str, int] = json_document()
    """Minor units by line id, as quoted; copied to the sale's lines when captured."""
    created_at: datetime = instant()
    resolved_at: datetime | None = instant(nullable=True)


class LedgerSeal(SQLModel, table=True):
    """Hash over a member's entries up to ``entry_no``, chained to the seal before. Append-only."""

    __tablename__ = "ledger_seal"

    member_id: int = number(key=True)
    entry_no: int = number(key=True)
    digest: bytes = octets()
    sealed_at: datetime = instant()
