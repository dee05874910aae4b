"""Work on many members at once that staff preview, apply and can take back: what was asked, and what each one got."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from loyalty.models.columns import code, generated_number, instant, json_document, number, words


class Job(SQLModel, table=True):
    """A retroactive job or a bulk operation as a whole."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(
            "state IN ('listing', 'previewing', 'previewed', 'applying', 'applied', 'reversing', 'reversed')",
            name="job_state",
        ),
    )

    job_id: int = generated_number()
    kind: str = code(length=16)
    """retroactive, grant, standing, segment, tier or reward."""
    parameters: dict[str, Any] = json_document()
    """Ids, codes and numbers: nothing in it names a person."""
    state: str = code(length=16)
    reason: str = code()
    requested_by: str = code(length=160)
    requested_at: datetime = instant()
    task_id: int | None = number(nullable=True)
    """The task that works on it, or did last."""
    members: int = number(default=0)
    points_given: int = number(default=0)
    points_taken: int = number(default=0)
    """As previewed, over all wallets."""
    problems: int = number(default=0)
    """Lines of its list that name nobody."""


class JobItem(SQLModel, table=True):
    """What a job is to do to one member, and did. One row: so it happens once, whatever dies meanwhile."""

    __tablename__ = "job_item"
    __table_args__ = (
        CheckConstraint(
            "state IN ('listed', 'previewed', 'applied', 'skipped', 'reversed', 'kept')", name="job_item_state"
        ),
        CheckConstraint("(moved IS NOT NULL) = (state IN ('applied', 'reversed', 'kept'))", name="job_item_moved"),
        CheckConstraint("(returned IS NOT NULL) = (state = 'reversed')", name="job_item_returned"),
        Index("job_item_state", "job_id", "state", "member_id"),
    )

    member_id: int = number(key=True)
    job_id: int = number(key=True)
    state: str = code(length=16)
    points: dict[str, int] = json_document()
    """By wallet, as previewed; negative to take."""
    moved: dict[str, int] | None = json_document(nullable=True)
    """By wallet: what it changed of the balance."""
    returned: dict[str, int] | None = json_document(nullable=True)
    """By wallet: what taking it back changed of the balance."""
    before: dict[str, Any] | None = json_document(nullable=True)
    """What was there before, where no points were moved; of a reward what was issued."""
    why: str | None = code(nullable=True)
    """Why it was skipped, or could not be taken back."""
    settled_at: datetime | None = instant(nullable=True)


class JobPayment(SQLModel, table=True):
    """What a retroactive job paid for one fact under one rule, or took: paid for while its item is ``applied``."""

    __tablename__ = "job_payment"
    __table_args__ = (
        CheckConstraint("fact IN ('purchase', 'action')", name="job_payment_fact"),
        CheckConstraint("points <> 0", name="job_payment_points"),
    )

    member_id: int = number(key=True)
    fact: str = code(key=True, length=16)
    fact_no: int = number(key=True)
    """Of the member's purchase or action."""
    rule: str = code(key=True)
    wallet: str = code(key=True)
    job_id: int = number(key=True)
    points: int = number()


class JobStep(SQLModel, table=True):
    """Who had a job applied, or taken back: what one person begins alone is limited over all jobs of a day."""

    __tablename__ = "job_step"
    __table_args__ = (
        CheckConstraint("step IN ('apply', 'reverse')", name="job_step_step"),
        CheckConstraint("approved_by <> actor", name="job_step_two_persons"),
        CheckConstraint("members >= 0 AND points >= 0", name="job_step_size"),
        Index("job_step_actor", "actor", "begun_at"),
    )

    job_id: int = number(key=True)
    step: str = code(key=True, length=16)
    actor: str = code(length=160)
    """Who asked for it."""
    approved_by: str | None = code(nullable=True, length=160)
    """The second person; NULL: it was begun alone."""
    begun_at: datetime = instant()
    members: int = number()
    points: int = number()
    """Given and taken, as previewed."""


class JobProblem(SQLModel, table=True):
    """A line of a job's list that cannot be used. What stood on it is not kept: it may be a phone."""

    __tablename__ = "job_problem"

    job_id: int = number(key=True)
    line_no: int = number(key=True)
    message: str = words()
