"""Corrections: points given or taken by hand, with a reason."""

from datetime import datetime
from typing import Annotated, Final

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.dependencies import ServicesOf, Staff
from api.documented import created, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.parameters import MemberInPath, as_utc
from api.security.permissions import Permission, has_permission, requires_permission
from kernel.database import WriteSession
from kernel.errors import ForbiddenError
from loyalty.audit import record_change
from loyalty.members.corrections import adjust_points
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.members.survivors import surviving_member

MOST_POINTS_BY_SUPPORT: Final = 1_000
"""What one correction may move, either way, without ``points:adjust-more``."""
MOST_POINTS: Final = 1_000_000_000
"""What one correction may move at all: beyond it is a slip of the hand."""


class AdjustmentTooLargeError(ForbiddenError):
    """Above what the caller's roles may move at once; a manager or an owner may."""

    code = "adjustment_too_large"
    title = "This correction needs a manager or an owner."


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


@post(
    "/v1/admin/members/{member_id:str}/adjustments",
    operation_id="adjustMemberPoints",
    summary="Give or take points",
    description=f"Support moves up to {MOST_POINTS_BY_SUPPORT:,} points at once, managers and owners more.",
    tags=["Staff: points"],
    guards=[requires_permission(Permission.POINTS_ADJUST)],
    responses=created(AdjustmentMade) | write_refusals(401, 403, 404, 422),
)
async def adjust_member_points(
    member_id: MemberInPath,
    data: JSONBody[NewAdjustment],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    if abs(data.points) > MOST_POINTS_BY_SUPPORT and not has_permission(caller, Permission.POINTS_ADJUST_MORE):
        raise AdjustmentTooLargeError(most=MOST_POINTS_BY_SUPPORT)
    expires_at = as_utc(data.expires_at, "expires_at")

    async def act(session: WriteSession, now: datetime) -> AdjustmentMade:
        member = await surviving_member(session, member_id_of(member_id))
        programme = services.programmes.at(now).document
        done = await adjust_points(
            session,
            member.member_id,
            wallet=data.wallet or programme.primary_wallet,
            points=data.points,
            reason=data.reason,
            actor=caller.actor,
            programme=programme,
            expires_at=expires_at,
            into_debt=data.into_debt,
            now=now,
        )
        public_id = member_public_id(done.member_id)
        await record_change(
            session,
            actor=caller.actor,
            action="member.points_adjusted",
            subject=public_id,
            after={
                "wallet": done.wallet,
                "points": done.points,
                "entry_no": done.entry_no,
                "expires_at": expires_at,
                "note": data.note,
            },
            reason=data.reason,
            now=now,
        )
        return AdjustmentMade(
            member_id=public_id,
            wallet=done.wallet,
            points=done.points,
            entry_no=done.entry_no,
            balance=done.balance,
        )

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
