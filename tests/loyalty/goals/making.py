"""Goals, and receipts that count for them, in as few words as their tests need."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from loyalty.earning.purchase import EarnLine
from loyalty.goals.counting import Bought
from loyalty.goals.declared import Goals
from loyalty.goals.plan import GoalPlan, goal_plan
from loyalty.programme.goals import Goal

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def goal(code: str = "month", *thresholds: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A goal of a month with these thresholds; of 1,000 where none is given."""
    given = list(thresholds) or [{"code": "first", "amount": 1_000}]
    return {"code": code, "names": {"en": code}, "action": "volume", "thresholds": given, **more}


def at_least(code: str, amount: int) -> dict[str, Any]:
    return {"code": code, "amount": amount}


def above(code: str, percent: int) -> dict[str, Any]:
    return {"code": code, "percent_of_average": percent}


def plan(*goals: dict[str, Any], version: int = 1, return_window_days: int = 0) -> GoalPlan:
    return goal_plan(version, msgspec.convert(goals or (goal(),), tuple[Goal, ...]), return_window_days)


def published(*plans: GoalPlan, starts: tuple[datetime, ...] = (BEGIN,)) -> Goals:
    """These versions, from these instants on."""
    return Goals(list(zip(starts, plans, strict=True)))


def bought(day: str, left_minor: int, *, no: int = 1, hour: int = 9, **line: Any) -> Bought:
    """A receipt of one line."""
    on = date.fromisoformat(day)
    fields = {"line_id": "1", "sku": "x", "quantity": Decimal(1), "amount_minor": left_minor, **line}
    at = datetime(on.year, on.month, on.day, hour, tzinfo=UTC)
    return Bought(at, 1, no, on, left_minor, (EarnLine(**fields),) if left_minor > 0 else ())
