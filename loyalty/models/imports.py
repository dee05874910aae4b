"""What was moved in from another system, so that it can be moved in again without a double, and taken back."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, generated_number, instant, json_document, number, octets


class ImportRun(SQLModel, table=True):
    """One import that changed something."""

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("status IN ('applied', 'reversed', 'partly_reversed')", name="import_run_status"),
        CheckConstraint("(status = 'applied') = (reversed_at IS NULL)", name="import_run_reversed"),
    )

    import_id: int = generated_number()
    source: str = code(length=23)
    """The other system's name: its ids are identities of the kind ``external:<source>``."""
    status: str = code(default="applied", length=16)
    applied_by: str = code(length=160)
    applied_at: datetime = instant()
    reversed_by: str | None = code(nullable=True, length=160)
    reversed_at: datetime | None = instant(nullable=True)
    counts: dict[str, Any] = json_document()
    """What it did, and ``points`` by wallet."""


class ImportedMember(SQLModel, table=True):
    """A member whom an import made."""

    __tablename__ = "imported_member"
    __table_args__ = (Index("imported_member_import", "import_id"),)

    member_id: int = number(key=True)
    import_id: int = number()


class ImportedLot(SQLModel, table=True):
    """Registry of the other system's lots: each has come once, with this content."""

    __tablename__ = "imported_lot"
    __table_args__ = (Index("imported_lot_import", "import_id"),)

    source: str = code(key=True, length=23)
    lot_key: str = code(key=True, length=128)
    """The other system's id of the lot."""
    import_id: int = number()
    member_id: int = number()
    lot_no: int = number()
    digest: bytes = octets()
    """SHA-256 of its line, to tell a repeat from a change."""
