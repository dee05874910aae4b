"""Corrections: points given or taken by hand, with a reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.approval_views import ApprovalView, view_approval
from api.approved_act import ApprovedAct, ask_for_approval
from api.callers import StaffCaller
from api.dependencies import ServicesOf, Staff
from api.documented import awaiting_approval, created, write_refusals
from api.idempotency import Answered, Awaiting, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.parameters import MemberInPath, as_utc
from api.security.permissions import Permission, requires_permission, roles_with
from api.services import Services
from kernel.database import WriteSession
from loyalty.approvals import ApprovalRequest
from loyalty.audit import record_change
from loyalty.goodwill import check_reason, count_goodwill, limit_of
from loyalty.members.corrections import adjust_points
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.members.survivors import surviving_member
from loyalty.models import Approval
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.policies import ExpiryPolicy

MOST_POINTS: Final = 1_000_000_000
"""What one correction may move at all: beyond it is a slip of the hand."""


class NewAdjustment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many points, and why."""

    points: Annotated[int, Meta(ge=-MOST_POINTS, le=MOST_POINTS, examples=[50])]
    """Positive to give, negative to take; not zero."""
    reason: fields.Reason
    wallet: fields.Code | None = None
    """Null: the primary wallet."""
    expires_at: Annotated[datetime, Meta(tz=True, examples=["2026-06-30T21:00:00Z"])] | None = None
    """The first instant at which given points are gone. Null: they live as long as the programme's points do."""
    into_debt: bool = False
    """Whether points that are not there to be taken become debt; otherwise it is refused."""
    note: fields.Note = ""


class AdjustmentMade(Struct, frozen=True, kw_only=True):
    """What was booked."""

    member_id: str
    wallet: str
    points: int
    entry_no: int
    balance: int
    """After it. Negative when points are owed."""


class AskedAdjustment(Struct, frozen=True, kw_only=True):
    """All that is needed to book it, now or when a second person has approved."""

    member_id: str
    wallet: str
    points: int
    expires_at: datetime | None
    into_debt: bool


@post(
    "/v1/admin/members/{member_id:str}/adjustments",
    operation_id="adjustMemberPoints",
    summary="Give or take points",
    description=(
        "The programme's `goodwill` names the reasons, how long given points live, and what each role moves at once "
        "and a day. Beyond that the answer is 202, and it is booked when a second person has approved; the note of "
        "such a request stands in the audit log alone."
    ),
    tags=["Staff: points"],
    guards=[requires_permission(Permission.POINTS_ADJUST)],
    responses=created(AdjustmentMade) | awaiting_approval(ApprovalView) | write_refusals(401, 403, 404, 422),
)
async def adjust_member_points(
    member_id: MemberInPath,
    data: JSONBody[NewAdjustment],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    expires_at = as_utc(data.expires_at, "expires_at")

    async def act(session: WriteSession, now: datetime) -> AdjustmentMade | Awaiting:
        member = await surviving_member(session, member_id_of(member_id))
        programme = services.programmes.at(now).document
        check_reason(programme.goodwill, data.reason)
        asked = AskedAdjustment(
            member_id=member_public_id(member.member_id),
            wallet=data.wallet or programme.primary_wallet,
            points=data.points,
            expires_at=expires_at,
            into_debt=data.into_debt,
        )
        limit = limit_of(programme.goodwill, roles_with(caller, Permission.POINTS_ADJUST))
        if data.points and not await count_goodwill(session, caller.actor, data.points, limit, now=now):
            return Awaiting(await _ask(services, session, asked, caller, data, now=now))
        return await _adjust(session, asked, programme, by=caller.actor, reason=data.reason, note=data.note, now=now)

    kept = {
        "member_id": member_id,
        "points": data.points,
        "wallet": data.wallet,
        "expires_at": expires_at,
        "reason": data.reason,
        "into_debt": data.into_debt,
        "note": veiled(services, data.note),
    }
    return await answer_once(services, caller, idempotency_key, canonical_body("adjustMemberPoints", kept), act)


async def _ask(
    services: Services,
    session: WriteSession,
    asked: AskedAdjustment,
    caller: StaffCaller,
    data: NewAdjustment,
    *,
    now: datetime,
) -> ApprovalView:
    wanted = ApprovalRequest(
        kind=ADJUSTING.kind, subject=asked.member_id, payload=msgspec.to_builtins(asked), reason=data.reason
    )
    approval = await ask_for_approval(services, session, caller, wanted, now=now)
    if data.note:
        await record_change(
            session,
            actor=caller.actor,
            action="member.points_adjustment_asked",
            subject=asked.member_id,
            after={"note": data.note},
            reason=data.reason,
            now=now,
        )
    return view_approval(approval, now)


async def _adjust(
    session: WriteSession,
    asked: AskedAdjustment,
    programme: ProgrammeDocument,
    *,
    by: str,
    reason: str,
    note: str,
    now: datetime,
) -> AdjustmentMade:
    lives_days = programme.goodwill.expires_after_days
    done = await adjust_points(
        session,
        member_id_of(asked.member_id),
        wallet=asked.wallet,
        points=asked.points,
        reason=reason,
        actor=by,
        programme=programme,
        expiry=ExpiryPolicy(kind="days", count=lives_days) if lives_days else None,
        expires_at=asked.expires_at,
        into_debt=asked.into_debt,
        now=now,
    )
    public_id = member_public_id(done.member_id)
    await record_change(
        session,
        actor=by,
        action="member.points_adjusted",
        subject=public_id,
        after={
            "wallet": done.wallet,
            "points": done.points,
            "entry_no": done.entry_no,
            "expires_at": asked.expires_at,
            "note": note,
        },
        reason=reason,
        now=now,
    )
    return AdjustmentMade(
        member_id=public_id,
        wallet=done.wallet,
        points=done.points,
        entry_no=done.entry_no,
        balance=done.balance,
    )


async def _carry_out(
    services: Services, session: WriteSession, approval: Approval, _: StaffCaller, now: datetime
) -> Mapping[str, Any]:
    """Booked as the doing of whoever asked; the approval and the audit log say who allowed it."""
    asked = msgspec.convert(approval.payload, AskedAdjustment)
    programme = services.programmes.at(now).document
    made = await _adjust(
        session, asked, programme, by=approval.requested_by, reason=approval.reason or "goodwill", note="", now=now
    )
    return {"member_id": made.member_id, "entry_no": made.entry_no}


ADJUSTING: Final = ApprovedAct("points.adjust", Permission.POINTS_ADJUST_MORE, _carry_out)
