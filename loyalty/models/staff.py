"""Staff, and the record of what they changed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import (
    code,
    flag,
    generated_number,
    instant,
    json_document,
    local_day,
    number,
    word_list,
    words,
)


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


class ShiftReport(SQLModel, table=True):
    """What a till counted at the end of a shift, and where the books differed at that moment. Append-only."""

    __tablename__ = "shift_report"
    __table_args__ = (Index("shift_report_store_day", "store_id", "business_date"),)

    report_id: int = generated_number()
    store_id: str = code()
    terminal_id: str = code()
    actor: str = code(length=160)
    business_date: date | None = local_day(nullable=True)
    shift: str | None = code(nullable=True)
    reported_at: datetime = instant()
    agrees: bool = flag()
    reported: dict[str, Any] = json_document()
    """``{"sales": {"count", "total_minor"}, "refunds": ...}`` as the till counted them."""
    recorded: dict[str, Any] = json_document()
    """The same as the books had it."""
    differences: dict[str, Any] = json_document()
    """``missing``, ``extra`` and ``different`` receipts; empty lists when the till listed none."""
