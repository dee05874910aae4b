"""What happens when a second person approves: one declaration for each kind, see ``api/approving.py``."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from api.callers import StaffCaller
from api.security.permissions import Permission
from api.services import Services
from kernel.database import WriteSession
from loyalty.approvals import ApprovalRequest, request_approval
from loyalty.audit import record_change
from loyalty.models import Approval

CarryOut: TypeAlias = Callable[[Services, WriteSession, Approval, StaffCaller, datetime], Awaitable[Mapping[str, Any]]]
"""Does what the request's ``payload`` says, in the transaction of the decision; answers the ids of what it made.

A ``DomainError`` that it raises is the answer to the decision, and the request goes on waiting.
"""
AfterCommit: TypeAlias = Callable[[Services], Awaitable[None]]


async def _nothing(_: Services) -> None:
    return None


class ApprovedAct(NamedTuple):
    """How requests of one kind are decided."""

    kind: str
    """``<subject>.<act>``, as in the audit log."""
    permission: Permission
    """What whoever approves must be allowed, besides deciding at all."""
    carry_out: CarryOut
    after_commit: AfterCommit = _nothing


async def ask_for_approval(
    services: Services,
    session: WriteSession,
    caller: StaffCaller,
    wanted: ApprovalRequest,
    *,
    now: datetime,
) -> Approval:
    """Keep what ``caller`` asks for until a second person decides, and note it in the audit log.

    Raises ``ApprovalPendingError`` when the very same waits already.
    """
    approval = await request_approval(
        session,
        wanted,
        requested_by=caller.actor,
        valid_for=timedelta(days=services.settings.approval_days),
        now=now,
    )
    await record_change(
        session,
        actor=caller.actor,
        action="approval.requested",
        subject=wanted.subject,
        after={"kind": wanted.kind, "payload": approval.payload},
        reason=wanted.reason,
        now=now,
    )
    return approval
