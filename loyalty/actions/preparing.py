"""What is known of a submitted action before anything is read about it: its type, its instant, its day. Pure."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from loyalty.actions.errors import (
    ActionFromTheFutureError,
    ActionTooLateError,
    ActionTypeUnknownError,
    ReporterRefusedError,
)
from loyalty.actions.fields import check_fields
from loyalty.actions.natural_key import natural_key
from loyalty.actions.outcome import ActionSubmission
from loyalty.ledger.account import Account
from loyalty.programme.actions import ActionType
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.programme.versions import Programmes


class Prepared(Struct, frozen=True):
    """A submission with the version of the programme that it falls under."""

    submission: ActionSubmission
    member_id: int
    """The surviving member."""
    programme: ProgrammeSnapshot
    declared: ActionType
    occurred_at: datetime
    local_date: date
    natural_key: str
    """Empty where nothing makes another one the same act."""
    body: bytes
    """What repeats of the event are compared with."""


def prepare(submission: ActionSubmission, account: Account, *, programmes: Programmes, now: datetime) -> Prepared:
    """Find type, instant and natural key.

    Raises ``ActionFromTheFutureError``, ``ActionTypeUnknownError``, ``ReporterRefusedError``, ``ActionFieldsError`` and
    ``NoProgrammeError``.
    """
    occurred_at = submission.occurred_at or now
    tolerance = timedelta(seconds=programmes.at(now).document.action_intake.clock_tolerance_seconds)
    if occurred_at > now + tolerance:
        raise ActionFromTheFutureError(occurred_at=occurred_at, now=now)
    occurred_at = min(occurred_at, now)
    programme = programmes.at(occurred_at)
    compiled = programme.actions.get(submission.type)
    if compiled is None:
        raise ActionTypeUnknownError(type=submission.type, known=sorted(programme.actions))
    declared = compiled.declared
    if submission.reporter != "comeback" and submission.reporter not in declared.reported_by:
        raise ReporterRefusedError(type=submission.type)
    check_fields(declared, submission.fields)
    local_date = occurred_at.astimezone(ZoneInfo(account.zone)).date()
    key = natural_key(submission, declared, local_date=local_date)
    return Prepared(submission, account.member_id, programme, declared, occurred_at, local_date, key, _body(submission))


def check_not_too_late(prepared: Prepared, *, now: datetime) -> None:
    """Raise ``ActionTooLateError`` for one that was too long ago. Repeats of what is known are not asked."""
    late_days = prepared.programme.document.action_intake.late_days
    if now - prepared.occurred_at > timedelta(days=late_days):
        raise ActionTooLateError(occurred_at=prepared.occurred_at, late_days=late_days)


def _body(submission: ActionSubmission) -> bytes:
    told = {
        "type": submission.type,
        "occurred_at": submission.occurred_at,
        "store_id": submission.store_id,
        "fields": submission.fields,
    }
    return msgspec.json.encode(told, order="deterministic")
