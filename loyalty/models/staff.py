"""Staff, and the record of what they changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, generated_number, instant, json_document, number, word_list, words


class Staff(SQLModel, table=True):
    """A person of the business with roles. Failed sign-ins lock the account for a while."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'left')", name="staff_status"),
        Index("staff_email", "email", unique=True),
    )

    staff_id: str = code(key=True)
    email: str = code(length=320)
    name: str = words()
    password_hash: str = words()
    roles: list[str] = word_list()
    failed_attempts: int = number(default=0)
    locked_until: datetime | None = instant(nullable=True)
    status: str = code(default="active", length=16)
    created_at: datetime = instant()


class AuditEntry(SQLModel, table=True):
    """Who changed what, when. Append-only, and free of personal data: values are in ``audit_detail``."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("audit_entry_subject", "subject"), Index("audit_entry_at", "at"))

    audit_id: int = generated_number()
    at: datetime = instant()
    actor: str = code(length=160)
    action: str = code(length=64)
    subject: str = code(length=160)
    """Public id of what was changed."""
    reason: str | None = code(nullable=True)


class AuditDetail(SQLModel, table=True):
    """Values before and after. Erasable, so that erasing a person reaches the past too."""

    __tablename__ = "audit_detail"

    audit_id: int = number(key=True)
    before: dict[str, Any] | None = json_document(nullable=True)
    after: dict[str, Any] | None = json_document(nullable=True)
