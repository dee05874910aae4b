"""Programmes with actions, and submissions, in as few words as their tests need."""

from datetime import datetime
from typing import Any

from api.services import Services
from kernel.errors import DomainError
from loyalty.actions.outcome import ActionOutcome, ActionSubmission, RecordedAction
from loyalty.actions.recording import record_actions
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import errors_among
from loyalty.programme.validation import validate
from tests.programmes import programme


def action(code: str, kind: str = "custom", **more: Any) -> dict[str, Any]:
    """An action type that anybody may report who can."""
    reporters = {"daily_login": ["member", "system"], "quiz": ["system", "staff"], "contest": ["system", "staff"]}
    own = ("birthday", "referral", "on_time_payment", "sales_volume")
    reported_by = [] if kind in own else reporters.get(kind, ["member", "system", "staff"])
    return {"code": code, "names": {"en": code}, "kind": kind, "reported_by": reported_by, **more}


def pays(code: str, action_code: str, points: int = 10, **more: Any) -> dict[str, Any]:
    """A rule that pays ``points`` for an action, unless ``more`` has another formula."""
    formula = {"kind": "fixed", "points": points}
    return {"code": code, "names": {"en": code}, "action": action_code, "formula": formula, **more}


def with_actions(actions: list[dict[str, Any]], rules: list[dict[str, Any]], **more: Any) -> ProgrammeDocument:
    """A valid programme of these."""
    document = programme(actions=actions, action_rules=rules, **more)
    assert errors_among(validate(document)) == []
    return document


def told(member_id: int, action_type: str, **more: Any) -> ActionSubmission:
    """A system's word for it."""
    return ActionSubmission(
        member_id=member_id,
        type=action_type,
        **{"reporter": "system", "source": "system:shop", "actor": "system:key-1", "channel": "system", **more},
    )


async def record(
    services: Services, *submissions: ActionSubmission, now: datetime | None = None
) -> list[ActionOutcome]:
    """Record them in one transaction."""
    async with services.database.write() as session:
        outcomes = await record_actions(
            session, submissions, programmes=services.programmes, now=now or services.clock()
        )
        await session.commit()
    return outcomes


def summary(outcome: ActionOutcome) -> str:
    """``accepted 10``, ``accepted 10 again``, or the code of a refusal."""
    if isinstance(outcome, DomainError):
        return outcome.code
    again = " again" if outcome.is_repeat else ""
    return f"{outcome.status} {outcome.earned.get('points', 0)}{again}"


def accepted(outcome: ActionOutcome) -> RecordedAction:
    """The action, which was recorded."""
    assert isinstance(outcome, RecordedAction), outcome
    return outcome
