"""Long work that staff asked for: what was asked, how far it is, and what came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import SQLModel

from loyalty.models.columns import code, flag, generated_number, instant, json_document, number, words


class Task(SQLModel, table=True):
    """One piece of work. A worker has it for as long as its lease; when the lease ends another takes it up."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="task_state"),
        CheckConstraint("(state = 'running') = (holder IS NOT NULL AND leased_until IS NOT NULL)", name="task_lease"),
        CheckConstraint("0 <= done AND (total IS NULL OR done <= total)", name="task_progress"),
        Index("task_open", "task_id", postgresql_where=text("state IN ('queued', 'running')")),
    )

    task_id: int = generated_number()
    kind: str = code()
    parameters: dict[str, Any] = json_document()
    """Ids, codes and numbers: nothing in it names a person."""
    state: str = code(default="queued", length=16)
    done: int = number(default=0)
    total: int | None = number(nullable=True)
    """Steps in all; NULL until they have been counted."""
    result: dict[str, Any] | None = json_document(nullable=True)
    error: str | None = words(nullable=True)
    """Why it failed: a sentence for staff, or the class of an unexpected error, whose text might name a person."""
    requested_by: str = code(length=160)
    requested_at: datetime = instant()
    started_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    attempts: int = number(default=0)
    """How often a worker has begun it."""
    cancel_asked: bool = flag()
    holder: str | None = code(nullable=True)
    leased_until: datetime | None = instant(nullable=True)
