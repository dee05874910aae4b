"""A second person: what one of staff asked for and another allows or refuses.

The request keeps all that is needed to carry it out. Whoever decides is another person than the one who asked; what
they must be allowed to do, and how an approved request is carried out in the same transaction, is declared by the
edge for each kind. Nothing here holds personal data.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from kernel.database import ReadSession, WriteSession, driver
from kernel.errors import ConflictError, ForbiddenError, NotFoundError
from kernel.ids import InvalidPublicIdError, decode_public_id, encode_public_id
from loyalty.models import Approval

_PREFIX = "apr"
_ONE_ASKS_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.approval', 0))"

ApprovalStatus: TypeAlias = Literal["pending", "approved", "rejected", "withdrawn", "expired"]


class ApprovalNotFoundError(NotFoundError):
    """No such request."""

    code = "approval_not_found"
    title = "There is no such request for approval."


class ApprovalPendingError(ConflictError):
    """The very same thing has been asked for and is not decided yet: ``approval_id``."""

    code = "approval_pending"
    title = "This has been asked for and waits for a decision."


class ApprovalDecidedError(ConflictError):
    """It has been decided: ``decision`` says how."""

    code = "approval_decided"
    title = "This has been decided."


class ApprovalExpiredError(ConflictError):
    """Nobody decided it in time. It can be asked for again."""

    code = "approval_expired"
    title = "This request has expired."


class SecondPersonNeededError(ForbiddenError):
    """Whoever asked cannot approve; they can withdraw the request by refusing it."""

    code = "second_person_needed"
    title = "Another person has to approve what you asked for."


class ApprovalRequest(Struct, frozen=True, kw_only=True):
    """What is asked for. ``payload`` is JSON of ids, codes and numbers."""

    kind: str
    subject: str
    payload: Mapping[str, Any]
    reason: str | None = None


async def request_approval(
    session: WriteSession, wanted: ApprovalRequest, *, requested_by: str, valid_for: timedelta, now: datetime
) -> Approval:
    """Keep the request until somebody else decides it. Raises ``ApprovalPendingError`` for one that waits already."""
    await (await driver(session)).execute(_ONE_ASKS_AT_A_TIME)
    payload = dict(wanted.payload)
    waiting = select(Approval).where(
        col(Approval.kind) == wanted.kind,
        col(Approval.subject) == wanted.subject,
        col(Approval.payload) == payload,
        col(Approval.status) == "pending",
        col(Approval.expires_at) > now,
    )
    if (same := (await session.exec(waiting.limit(1))).first()) is not None:
        raise ApprovalPendingError(approval_id=approval_public_id(same.approval_id))
    approval = Approval(
        kind=wanted.kind,
        subject=wanted.subject,
        payload=payload,
        reason=wanted.reason,
        requested_by=requested_by,
        requested_at=now,
        expires_at=now + valid_for,
    )
    session.add(approval)
    await session.flush()
    return approval


async def lock_pending(session: WriteSession, public_id: str, *, now: datetime) -> Approval:
    """The request, which nobody else can decide until the transaction ends.

    Raises ``ApprovalNotFoundError``, ``ApprovalDecidedError`` or ``ApprovalExpiredError``.
    """
    approval = (await session.exec(_by_id(public_id).with_for_update())).one_or_none()
    if approval is None:
        raise ApprovalNotFoundError
    if approval.status != "pending":
        raise ApprovalDecidedError(decision=approval.status)
    if approval.expires_at <= now:
        raise ApprovalExpiredError(expires_at=approval.expires_at)
    return approval


def check_second_person(approval: Approval, by: str) -> None:
    """Raises ``SecondPersonNeededError`` when ``by`` is who asked."""
    if approval.requested_by == by:
        raise SecondPersonNeededError


async def note_approved(
    session: WriteSession, locked: Approval, *, by: str, reason: str | None, outcome: Mapping[str, Any], now: datetime
) -> None:
    """Note that ``by``, a second person, approved it and what carrying it out made."""
    check_second_person(locked, by)
    locked.outcome = dict(outcome)
    await _decide(session, locked, "approved", by=by, reason=reason, now=now)


async def note_refused(session: WriteSession, locked: Approval, *, by: str, reason: str | None, now: datetime) -> None:
    """Note that ``by`` refused it, or withdrew what they had asked for themselves."""
    status: ApprovalStatus = "withdrawn" if by == locked.requested_by else "rejected"
    await _decide(session, locked, status, by=by, reason=reason, now=now)


async def read_approval(session: ReadSession, public_id: str) -> Approval:
    """Raises ``ApprovalNotFoundError``."""
    approval = (await session.exec(_by_id(public_id))).one_or_none()
    if approval is None:
        raise ApprovalNotFoundError
    return approval


async def list_approvals(
    session: ReadSession,
    *,
    status: ApprovalStatus | None,
    kind: str | None,
    below: int | None,
    limit: int,
    now: datetime,
) -> Sequence[Approval]:
    """The latest ``limit`` requests whose number is below ``below``, of this status and kind."""
    statement = select(Approval).order_by(col(Approval.approval_id).desc()).limit(limit)
    if below is not None:
        statement = statement.where(col(Approval.approval_id) < below)
    if kind is not None:
        statement = statement.where(col(Approval.kind) == kind)
    if status is not None:
        statement = statement.where(col(Approval.status) == ("pending" if status == "expired" else status))
    if status == "pending":
        statement = statement.where(col(Approval.expires_at) > now)
    if status == "expired":
        statement = statement.where(col(Approval.expires_at) <= now)
    return (await session.exec(statement)).all()


def approval_public_id(approval_id: int) -> str:
    """``apr_...``."""
    return encode_public_id(_PREFIX, approval_id)


def status_at(approval: Approval, now: datetime) -> str:
    """Its ``ApprovalStatus`` at ``now``."""
    return "expired" if approval.status == "pending" and approval.expires_at <= now else approval.status


def _by_id(public_id: str) -> SelectOfScalar[Approval]:
    try:
        (approval_id,) = decode_public_id(_PREFIX, public_id, count=1)
    except InvalidPublicIdError:
        raise ApprovalNotFoundError from None
    return select(Approval).where(col(Approval.approval_id) == approval_id)


async def _decide(
    session: WriteSession, locked: Approval, status: str, *, by: str, reason: str | None, now: datetime
) -> None:
    locked.status = status
    locked.decided_by = by
    locked.decided_at = now
    locked.decision_reason = reason
    session.add(locked)
    await session.flush()
