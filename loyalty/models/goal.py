"""Goals that members have reached, and periods that are looked at once they are over."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, instant, json_document, number


class GoalAward(SQLModel, table=True):
    """A threshold of a goal that was reached in a period, with what it was decided by: paid once, as an action.

    What a member had who was merged since stays under their number, and counts for the survivor.
    """

    __tablename__ = "goal_award"
    __table_args__ = (
        CheckConstraint("(action_no IS NULL) <> (refusal IS NULL)", name="goal_award_outcome"),
        CheckConstraint("required > 0 AND amount >= required", name="goal_award_amount"),
        CheckConstraint("times > 0", name="goal_award_times"),
        {"postgresql_with": {"fillfactor": "90"}},
    )

    member_id: int = number(key=True)
    goal: str = code(key=True)
    period: str = code(key=True, length=16)
    """``2026-W09``, ``2026-03``, ``2026-Q1`` or ``2026``, of the member's local days."""
    threshold: str = code(key=True)
    programme_version: int = number()
    required: int = number()
    """What the threshold asked for, in minor units or pieces: frozen, an average too."""
    amount: int = number()
    """What had been bought when it was reached."""
    average: dict[str, Any] | None = json_document(nullable=True)
    """The periods that the member's own average was computed from."""
    reached_at: datetime = instant()
    recorded_at: datetime = instant()
    action_no: int | None = number(nullable=True)
    refusal: str | None = code(nullable=True)
    """A code: why the programme refused the action."""
    times: int = number()
    """The how-manyeth time: what was taken back may be reached again."""
    taken_back_at: datetime | None = instant(nullable=True)
    """A refund took the member below it."""


class GoalDue(SQLModel, table=True):
    """A period of a goal that is paid at its end, while it has not been looked at."""

    __tablename__ = "goal_due"
    __table_args__ = (Index("goal_due_at", "due_at"),)

    member_id: int = number(key=True)
    goal: str = code(key=True)
    period: str = code(key=True, length=16)
    due_at: datetime = instant()
