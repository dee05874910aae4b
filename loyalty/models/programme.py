"""The programme's versions and its draft. Reference tables; a published version never changes."""

from datetime import datetime
from typing import Any

from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, json_document, number, octets, words


class ProgrammeVersion(SQLModel, table=True):
    """One published, immutable version. The one in force is the latest whose ``starts_at`` has come."""

    __tablename__ = "programme_version"

    version: int = number(key=True)
    document: dict[str, Any] = json_document()
    digest: bytes = octets()
    """SHA-256 of the canonical document: the proof that it is still what was published."""
    starts_at: datetime = instant()
    published_at: datetime = instant()
    published_by: str = code(length=128)
    note: str = words()


class ProgrammeDraft(SQLModel, table=True):
    """Work in progress. ``revision`` is the ETag that keeps two editors from overwriting each other."""

    __tablename__ = "programme_draft"

    draft_id: str = code(key=True)
    document: dict[str, Any] = json_document()
    revision: int = number(default=1)
    updated_at: datetime = instant()
    updated_by: str = code(length=128)
