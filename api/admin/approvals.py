"""What one person asked for and another decides."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Struct

from api import fields
from api.admin.approval_views import ApprovalPage, ApprovalView, view_approval
from api.approved_act import ApprovedAct
from api.approving import APPROVED_ACTS
from api.callers import StaffCaller
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInQuery
from api.security.permissions import Permission, PermissionMissingError, has_permission, requires_permission
from api.services import Services
from kernel.database import WriteSession
from loyalty.approvals import (
    ApprovalNotFoundError,
    ApprovalStatus,
    check_second_person,
    list_approvals,
    lock_pending,
    note_approved,
    note_refused,
    read_approval,
)
from loyalty.audit import record_change
from loyalty.models import Approval

ApprovalInPath: TypeAlias = Annotated[str, PathParameter(description="Public id of a request: `apr_...`")]
READING: Final = [requires_permission(Permission.APPROVALS_READ)]
StatusInQuery = Annotated[ApprovalStatus | None, QueryParameter(name="status", required=False)]


class NewDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether it is to happen, and why."""

    approved: bool
    reason: fields.Reason | None = None


class AdminApprovals(Controller):
    """Requests that wait for a second person, and those that were decided."""

    path = "/v1/admin/approvals"
    tags = ("Staff: approvals",)

    @get(operation_id="listApprovals", summary="Requests for approval", guards=READING, responses=refusals(401, 403))
    async def list_page(
        self,
        services: ServicesOf,
        wanted_status: StatusInQuery = None,
        kind: CodeInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> ApprovalPage:
        now = services.clock()
        async with services.database.read() as session:
            rows = await list_approvals(
                session, status=wanted_status, kind=kind, below=number_position(cursor), limit=limit + 1, now=now
            )
        page, following = cut(rows, limit, lambda row: row.approval_id)
        return ApprovalPage(approvals=[view_approval(row, now) for row in page], next=following)

    @get(
        "/{approval_id:str}",
        operation_id="getApproval",
        summary="A request for approval",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, approval_id: ApprovalInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[ApprovalView]:
        async with services.database.read() as session:
            row = await read_approval(session, approval_id)
        return conditional(request, view_approval(row, services.clock()))

    @post(
        "/{approval_id:str}/decision",
        operation_id="decideApproval",
        summary="Approve or refuse",
        description=(
            "By another person than the one who asked, with the permission that its kind needs. What was asked for is "
            "done with the decision or not at all: where it is refused by the state of things, the request goes on "
            "waiting. Whoever asked may refuse it, which withdraws it."
        ),
        guards=[requires_permission(Permission.APPROVALS_DECIDE)],
        responses=created(ApprovalView) | write_refusals(401, 403, 404, 412, 422),
    )
    async def decide(
        self,
        approval_id: ApprovalInPath,
        data: JSONBody[NewDecision],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        decided_acts: list[ApprovedAct] = []

        async def act(session: WriteSession, now: datetime) -> ApprovalView:
            approval = await lock_pending(session, approval_id, now=now)
            kind = _act_of(approval)
            if data.approved:
                await _approve(services, session, kind, approval, caller, reason=data.reason, now=now)
                decided_acts.append(kind)
            else:
                _require(caller, kind, unless=caller.actor == approval.requested_by)
                await note_refused(session, approval, by=caller.actor, reason=data.reason, now=now)
            await _record(session, approval, reason=data.reason, now=now)
            return view_approval(approval, now)

        body = canonical_body("decideApproval", {"approval_id": approval_id, "data": data})
        answer = await answer_once(services, caller, idempotency_key, body, act)
        for decided in decided_acts:
            await decided.after_commit(services)
        return answer


def _act_of(approval: Approval) -> ApprovedAct:
    if (act := APPROVED_ACTS.get(approval.kind)) is None:
        # Asked for by a newer release that runs beside this one, or ran before it.
        raise ApprovalNotFoundError
    return act


async def _approve(
    services: Services,
    session: WriteSession,
    kind: ApprovedAct,
    approval: Approval,
    caller: StaffCaller,
    *,
    reason: str | None,
    now: datetime,
) -> None:
    check_second_person(approval, caller.actor)
    _require(caller, kind)
    outcome = await kind.carry_out(services, session, approval, caller, now)
    await note_approved(session, approval, by=caller.actor, reason=reason, outcome=outcome, now=now)


def _require(caller: StaffCaller, kind: ApprovedAct, *, unless: bool = False) -> None:
    if not unless and not has_permission(caller, kind.permission):
        raise PermissionMissingError(permission=kind.permission.value)


async def _record(session: WriteSession, approval: Approval, *, reason: str | None, now: datetime) -> None:
    assert approval.decided_by is not None
    await record_change(
        session,
        actor=approval.decided_by,
        action=f"approval.{approval.status}",
        subject=approval.subject,
        before={"kind": approval.kind, "payload": approval.payload, "requested_by": approval.requested_by},
        after={"outcome": approval.outcome},
        reason=reason,
        now=now,
    )
