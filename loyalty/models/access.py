"""Access: one-time codes, members' sessions, used QR codes, questions to the app, tokens refused early."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, number, octets


class OneTimeCode(SQLModel, table=True):
    """A code that was sent to a phone or an e-mail. A registry: whoever enters it may not be a member yet."""

    __tablename__ = "one_time_code"
    __table_args__ = (
        CheckConstraint("purpose IN ('sign_in', 'attach', 'spend')", name="one_time_code_purpose"),
        CheckConstraint("attempts >= 0", name="one_time_code_attempts"),
        Index("one_time_code_sent_to", "kind", "value_hash", "created_at"),
        Index("one_time_code_expiry", "expires_at"),
    )

    code_id: str = code(key=True)
    purpose: str = code(length=16)
    kind: str = code(length=32)
    value_hash: bytes = octets()
    """Keyed hash of the address it was sent to, the same as in ``identity``."""
    code_hash: bytes = octets()
    """Keyed: six digits would fall to a plain hash in a second."""
    member_id: int | None = number(nullable=True)
    """For whom it is, when that is fixed (attaching, spending)."""
    terminal_id: str | None = code(nullable=True)
    """The till at which a spending code may be used."""
    attempts: int = number(default=0)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = instant(nullable=True)


class MemberSession(SQLModel, table=True):
    """A signed-in phone. Its refresh tokens derive from ``seed`` and the server's key, one per generation."""

    __tablename__ = "member_session"
    __table_args__ = (CheckConstraint("generation >= 1", name="member_session_generation"),)

    member_id: int = number(key=True)
    session_id: str = code(key=True)
    seed: bytes = octets()
    generation: int = number(default=1)
    """The refresh token that is good now; an older one betrays a copy."""
    rotated_at: datetime = instant()
    created_at: datetime = instant()
    expires_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    ended_because: str | None = code(nullable=True, length=32)


class QrUse(SQLModel, table=True):
    """The last rotating code of a member that proved presence, so that the same picture proves it once."""

    __tablename__ = "qr_use"

    member_id: int = number(key=True)
    step: int = number()
    """The code's 30-second step since 1970 (RFC 6238's T)."""
    terminal_id: str = code()
    used_at: datetime = instant()


class ConfirmationRequest(SQLModel, table=True):
    """What a terminal last asked a member's app: are you there? Confirmed, it proves presence until it expires."""

    __tablename__ = "confirmation_request"
    __table_args__ = (Index("confirmation_request_expiry", "expires_at"),)

    member_id: int = number(key=True)
    terminal_id: str = code(key=True)
    confirmation_id: str = code()
    store_id: str = code()
    asked_at: datetime = instant()
    expires_at: datetime = instant()
    confirmed_at: datetime | None = instant(nullable=True)


class TokenRevocation(SQLModel, table=True):
    """Tokens of ``subject`` issued before ``revoked_at`` are refused. Kept until the last has expired."""

    __tablename__ = "token_revocation"
    __table_args__ = (Index("token_revocation_expiry", "expires_at"),)

    subject: str = code(key=True, length=160)
    """``key:``, ``terminal:``, ``store:``, ``cashier:``, ``staff:`` or ``session:`` with the id, or ``member:`` with
    the number."""
    revoked_at: datetime = instant()
    expires_at: datetime = instant()
