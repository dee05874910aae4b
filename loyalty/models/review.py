"""What somebody should look at. No personal data: ids, codes and numbers."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, generated_number, instant, json_document, number


class ReviewCase(SQLModel, table=True):
    """Something that looks odd about a member or a cashier: once for each subject, kind and period."""

    __tablename__ = "review_case"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed')", name="review_case_state"),
        CheckConstraint(
            "(state = 'closed') = (decided_at IS NOT NULL) AND (decided_at IS NULL) = (decision IS NULL)",
            name="review_case_decided",
        ),
        Index("review_case_once", "kind", "subject", "member_id", "period", unique=True),
    )

    case_id: int = generated_number()
    kind: str = code(length=32)
    """``many_purchases``, ``many_points``, ``one_cashier``, ``many_refunds``, ``one_device``, ``one_address``,
    ``many_friends``."""
    subject: str = code(length=160)
    """As in the audit log: a member's public id, or ``cashier:<id>``."""
    member_id: int = number()
    """The member, or the one whose purchases the cashier rang up."""
    period: str = code(length=10)
    """A store's local day, or a month; of friends a day or a month in UTC."""
    facts: dict[str, Any] = json_document()
    state: str = code(default="open", length=16)
    opened_at: datetime = instant()
    decision: str | None = code(nullable=True, length=16)
    """``dismissed`` or ``frozen``."""
    decided_by: str | None = code(nullable=True, length=160)
    decided_at: datetime | None = instant(nullable=True)
    reason: str | None = code(nullable=True)
