"""Requests for approval as staff see them."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from msgspec import Meta, Struct

from loyalty.approvals import approval_public_id, status_at
from loyalty.models import Approval

JsonObject: TypeAlias = Annotated[dict[str, Any], Meta(examples=[{"version": 4}])]


class ApprovalView(Struct, frozen=True, kw_only=True):
    """What was asked for, and what became of it."""

    approval_id: str
    kind: Annotated[str, Meta(examples=["programme.publish"])]
    """``programme.publish``, ...; may grow."""
    subject: Annotated[str, Meta(examples=["programme_draft:spring"])]
    """A member's public id, or the kind and the id of anything else, as in the audit log."""
    payload: JsonObject
    """What is done when it is approved; its members depend on the kind."""
    reason: str | None
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    """From here on it cannot be decided any more."""
    status: Annotated[str, Meta(examples=["approved"])]
    """``pending``, ``approved``, ``rejected``, ``withdrawn`` (by whoever asked) or ``expired``."""
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None
    outcome: JsonObject | None
    """What carrying it out made; null unless it was approved."""


class ApprovalPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    approvals: list[ApprovalView]
    next: str | None


def view_approval(row: Approval, now: datetime) -> ApprovalView:
    return ApprovalView(
        approval_id=approval_public_id(row.approval_id),
        kind=row.kind,
        subject=row.subject,
        payload=row.payload,
        reason=row.reason,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        status=status_at(row, now),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        outcome=row.outcome,
    )
