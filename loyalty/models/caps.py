"""What rules have given out against their limits."""

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from loyalty.models.columns import code, number


class CapCounter(SQLModel, table=True):
    """Points a rule has paid one member in one period. Exact: written under the member's lock."""

    __tablename__ = "cap_counter"
    __table_args__ = (
        CheckConstraint("used >= 0", name="cap_counter_used"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    member_id: int = number(key=True)
    rule: str = code(key=True)
    period: str = code(key=True, length=16)
    """day, week, month or lifetime."""
    period_key: str = code(key=True, length=16)
    """The period's first local day, or ``ever``."""
    used: int = number()


class BudgetSlice(SQLModel, table=True):
    """A part of a rule's programme-wide budget. Slices spread the lock: no row is shared by all purchases."""

    __tablename__ = "budget_slice"
    __table_args__ = (
        CheckConstraint("0 <= used AND used <= allowance", name="budget_slice_bounds"),
        CheckConstraint("0 <= over AND over <= used", name="budget_slice_over"),
    )

    rule: str = code(key=True)
    slice_no: int = number(key=True)
    allowance: int = number()
    used: int = number(default=0)
    over: int = number(default=0)
    """How much of ``used`` lies above a budget that was lowered since. Points that come back pay this off first."""
