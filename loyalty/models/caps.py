"""What rules have given out against their limits."""

from sqlalchemy import CheckConstraint
from sqlmodel import SQLModel

from loyalty.models.columns import code, json_document, number


class CapCounter(SQLModel, table=True):
    """Points that rules have paid one member in one period. Exact: written under the member's lock.

    All rules of a period in one row: a sale counts for seven rules or so, and a row for each was half of its rows.
    Under ``action:`` and the code of an action type: how often the member has done that.
    """

    __tablename__ = "cap_counter"
    __table_args__ = (
        CheckConstraint("NOT used @? '$.* ? (@.type() != \"number\" || @ < 0)'", name="cap_counter_used"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    member_id: int = number(key=True)
    period: str = code(key=True, length=16)
    """day, week, month or lifetime."""
    period_key: str = code(key=True, length=16)
    """The period's first local day, or ``ever``."""
    used: dict[str, int] = json_document()
    """Rule to points."""


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
