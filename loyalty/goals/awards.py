"""What members have reached: the rows that keep a threshold from being paid twice, and explain it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlmodel import col, select

from kernel.database import ReadSession, WriteSession
from kernel.errors import DomainError
from loyalty.actions.evaluate import FieldValue
from loyalty.actions.outcome import ActionOutcome, ActionSubmission
from loyalty.goals.folding import Crossing
from loyalty.models import GoalAward

SOURCE: Final = "job:goals"


class Step(NamedTuple):
    """What is paid once: a threshold of a goal in a period."""

    goal: str
    period: str
    threshold: str


async def read_awards(
    session: ReadSession, family: Collection[int], periods: Collection[str] | None
) -> Sequence[GoalAward]:
    """The awards of a member and those merged into it, in these periods or (None) all.

    Of a locked member, where something is to be decided by them.
    """
    statement = select(GoalAward).where(col(GoalAward.member_id).in_(family))
    if periods is not None:
        statement = statement.where(col(GoalAward.period).in_(periods))
    order = (col(GoalAward.member_id), col(GoalAward.goal), col(GoalAward.period), col(GoalAward.threshold))
    return (await session.exec(statement.order_by(*order).execution_options(populate_existing=True))).all()


def step_of(award: GoalAward) -> Step:
    return Step(award.goal, award.period, award.threshold)


def crossed_step(crossing: Crossing) -> Step:
    return Step(crossing.goal.code, crossing.period.name, crossing.threshold)


def submission_of(crossing: Crossing, member_id: int, times: int) -> ActionSubmission:
    """The action that a reached threshold is, the ``times``-th time."""
    step = crossed_step(crossing)
    return ActionSubmission(
        member_id=member_id,
        type=crossing.goal.action,
        reporter="comeback",
        source=SOURCE,
        actor=SOURCE,
        occurred_at=crossing.at,
        fields=_fields(crossing, step),
        natural_key=natural_key(step, times),
    )


def natural_key(step: Step, times: int) -> str:
    """Of the action: what was taken back may be reached again."""
    return f"{step.goal}:{step.period}:{step.threshold}:{times}"


async def note_award(
    session: WriteSession,
    crossing: Crossing,
    outcome: ActionOutcome,
    before: GoalAward | None,
    *,
    member_id: int,
    times: int,
    now: datetime,
) -> None:
    """Write that the threshold was reached and what became of it, in the place of one that was taken back."""
    refusal = outcome.code if isinstance(outcome, DomainError) else None
    step = crossed_step(crossing)
    noted: dict[str, Any] = {
        "programme_version": crossing.version,
        "required": crossing.required,
        "amount": crossing.amount.of(crossing.goal),
        "average": None if crossing.average is None else msgspec.to_builtins(crossing.average),
        "reached_at": crossing.at,
        "recorded_at": now,
        "action_no": None if isinstance(outcome, DomainError) else outcome.action_no,
        "refusal": refusal,
        "times": times,
        "taken_back_at": None,
    }
    if before is None:
        session.add(GoalAward(member_id=member_id, **step._asdict(), **noted))
    else:
        for name, value in noted.items():
            setattr(before, name, value)
        session.add(before)


def _fields(crossing: Crossing, step: Step) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {"amount_minor": crossing.amount.spend_minor, **step._asdict()}
    if crossing.goal.counts == "quantity":
        fields["quantity"] = crossing.amount.of(crossing.goal)
    if crossing.average is not None and crossing.average.is_enough:
        fields["percent_of_average"] = crossing.average.percent_of(crossing.amount.of(crossing.goal))
    return fields
