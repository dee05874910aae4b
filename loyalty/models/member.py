"""Members: the ledger's head row, and apart from it everything that names a person.

``member`` holds no personal data: it is locked by every write and its numbers count the ledger's rows. ``person``
and ``person_identity`` can be erased without touching a sum. ``identity`` maps the keyed hash of a card, phone or
e-mail to its member: a registry, keyed by that very thing.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, flag, generated_number, instant, local_day, number, octets, words


class Member(SQLModel, table=True):
    """One member: the row that every write locks, and the last number given out of each kind."""

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'blocked', 'merged', 'erased')", name="member_status"),
        CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="member_merged_into"),
        Index("member_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "60"}},
    )

    member_id: int = generated_number()
    status: str = code(default="active", length=16)
    earning_frozen: bool = flag()
    spending_frozen: bool = flag()
    merged_into: int | None = number(nullable=True)
    zone: str = code()
    language: str = code(length=16)
    tier: str | None = code(nullable=True)
    home_store_id: str | None = code(nullable=True)
    enrolled_at: datetime = instant()
    recorded_at: datetime = instant()
    """The last ledger row's instant; it never goes back."""
    last_entry_no: int = number(default=0)
    last_lot_no: int = number(default=0)
    last_movement_no: int = number(default=0)
    last_hold_no: int = number(default=0)
    last_purchase_no: int = number(default=0)
    last_refund_no: int = number(default=0)
    last_redemption_no: int = number(default=0)
    last_action_no: int = number(default=0)


class Person(SQLModel, table=True):
    """Who the member is. Removed when the member is erased."""

    __tablename__ = "person"

    member_id: int = number(key=True)
    name: str | None = words(nullable=True)
    birthday: date | None = local_day(nullable=True)
    qr_secret: str | None = code(nullable=True)
    """Base32 secret of the rotating QR code (RFC 6238). It proves presence, so it goes when the person goes."""
    updated_at: datetime = instant()


class PersonIdentity(SQLModel, table=True):
    """A card, phone, e-mail or external id in clear, to show (masked) and to write to. Removed on erasure."""

    __tablename__ = "person_identity"

    member_id: int = number(key=True)
    kind: str = code(key=True, length=32)
    value: str = code(key=True, length=320)
    """Normalised: a phone in E.164, an e-mail in lower case."""
    verified_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class Identity(SQLModel, table=True):
    """Registry: which member a card, phone, e-mail or external id belongs to."""

    __tablename__ = "identity"
    __table_args__ = (Index("identity_member", "member_id"),)

    kind: str = code(key=True, length=32)
    value_hash: bytes = octets(key=True)
    """HMAC-SHA-256 of the normalised value under the installation's lookup key."""
    member_id: int = number()
    created_at: datetime = instant()


class Consent(SQLModel, table=True):
    """What the member agreed to or withdrew, where and when; the last row of a purpose and channel counts."""

    __tablename__ = "consent"

    member_id: int = number(key=True)
    purpose: str = code(key=True, length=32)
    channel: str = code(key=True, length=32)
    recorded_at: datetime = instant(key=True)
    granted: bool = flag()
    source: str = code(length=128)
    text_version: str = code(length=64)


class MemberFact(SQLModel, table=True):
    """What rules may ask about a member's past. Written by the worker; a purchase freezes what it read."""

    __tablename__ = "member_fact"

    member_id: int = number(key=True)
    purchases_count: int = number(default=0)
    last_purchase_on: date | None = local_day(nullable=True)
    spend_minor: int = number(default=0)
    updated_at: datetime = instant()
