"""What one person of staff asked for and another has to allow. No personal data: ids, codes and numbers."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, generated_number, instant, json_document


class Approval(SQLModel, table=True):
    """A request and what became of it. One whose ``expires_at`` (exclusive) has passed is not decided any more."""

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'withdrawn')", name="approval_status"),
        CheckConstraint(
            "(status = 'pending') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name="approval_decided",
        ),
        CheckConstraint(
            "decided_by IS NULL OR (decided_by = requested_by) = (status = 'withdrawn')", name="approval_two_persons"
        ),
        Index("approval_subject", "kind", "subject"),
    )

    approval_id: int = generated_number()
    kind: str = code()
    """What happens when it is approved: ``programme.publish``."""
    subject: str = code(length=160)
    """A member's public id, or the kind and the id of anything else, as in the audit log."""
    payload: dict[str, Any] = json_document()
    """All that is needed to carry it out."""
    reason: str | None = code(nullable=True)
    requested_by: str = code(length=160)
    requested_at: datetime = instant()
    expires_at: datetime = instant()
    status: str = code(default="pending", length=16)
    decided_by: str | None = code(nullable=True, length=160)
    decided_at: datetime | None = instant(nullable=True)
    decision_reason: str | None = code(nullable=True)
    outcome: dict[str, Any] | None = json_document(nullable=True)
    """What carrying it out made: ids and numbers."""
