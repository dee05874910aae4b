"""What was moved in from another system, so that it can be moved in again without a double, and taken back."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, generated_number, instant, json_document, number, octets, words


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


class ImportDelivery(SQLModel, table=True):
    """Files that staff send to be moved in, on their way: sent, checked, applied by a task, and taken back."""

    __tablename__ = "import_delivery"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'checking', 'checked', 'applying', 'applied', 'reversing', 'reversed')",
            name="import_delivery_state",
        ),
        CheckConstraint("state NOT IN ('reversing', 'reversed') OR import_id IS NOT NULL", name="import_delivery_run"),
    )

    delivery_id: int = generated_number()
    source: str = code(length=23)
    zone: str = code()
    """Of members whose own is not given."""
    language: str | None = code(nullable=True, length=35)
    """The same; NULL: the programme's fallback."""
    state: str = code(default="open", length=16)
    requested_by: str = code(length=160)
    requested_at: datetime = instant()
    task_id: int | None = number(nullable=True)
    """The task that works on it, or did last."""
    import_id: int | None = number(nullable=True)
    """What became of it; NULL also where all of it had come before."""
    totals: dict[str, Any] = json_document()
    """What the files hold, as they were checked last."""
    problems: int = number(default=0)
    outcome: dict[str, Any] | None = json_document(nullable=True)
    """What applying it did, or taking it back."""


class ImportFile(SQLModel, table=True):
    """A file of a delivery. It names people, and goes when it has been applied or lies too long."""

    __tablename__ = "import_file"

    delivery_id: int = number(key=True)
    name: str = code(key=True)
    content: bytes = octets()
    sent_at: datetime = instant()


class ImportFault(SQLModel, table=True):
    """Something that is wrong with the files of a delivery, as they were checked last."""

    __tablename__ = "import_fault"

    delivery_id: int = number(key=True)
    fault_no: int = number(key=True)
    file: str = code(length=80)
    line: int = number()
    column_name: str = code(length=80)
    fault_code: str = code()
    message: str = words()


class ImportedReceipt(SQLModel, table=True):
    """A purchase that an import brought: it is in ``purchase`` like any other, and was paid nothing."""

    __tablename__ = "imported_receipt"
    __table_args__ = (Index("imported_receipt_import", "import_id"),)

    member_id: int = number(key=True)
    purchase_no: int = number(key=True)
    import_id: int = number()
    points: int | None = number(nullable=True)
    """What the other system paid for it, as its file says; for information."""
    digest: bytes = octets()
    """SHA-256 of what the files said, to tell a repeat from a change."""
