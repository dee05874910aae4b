"""``POST /v1/admin/members/{member_id}/redemptions``: what the business gives one member for nothing."""

from datetime import datetime
from typing import Annotated

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.redemptions import StaffRedemptionView, view_for_staff
from api.dependencies import ServicesOf, Staff
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.members.ids import member_id_of
from loyalty.members.survivors import surviving_member
from loyalty.rewards.issuing import grant_reward


class RewardGrant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reward of the programme in force, and why the member is given it."""

    reward: Annotated[str, Meta(min_length=1, max_length=64, examples=["mug"])]
    reason: fields.Reason


@post(
    "/v1/admin/members/{member_id:str}/redemptions",
    operation_id="grantReward",
    summary="Give a member a reward for nothing",
    description=(
        "Whatever it costs, whomever it is meant for and however often they had it; it counts towards no limit. Only "
        "while there is one left, and not to who is blocked. The reason stays on it."
    ),
    tags=["Staff: rewards"],
    guards=[requires_permission(Permission.REWARDS_GRANT)],
    responses=created(StaffRedemptionView) | write_refusals(401, 403, 404, 422),
)
async def grant_member_reward(
    member_id: MemberInPath,
    data: JSONBody[RewardGrant],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: IdempotencyKey,
) -> Answered:
    async def act(session: WriteSession, now: datetime) -> StaffRedemptionView:
        member = await surviving_member(session, member_id_of(member_id))
        programme = services.programmes.at(now)
        redemption = await grant_reward(
            session,
            member.member_id,
            data.reward,
            programme=programme,
            actor=caller.actor,
            reason=data.reason,
            now=now,
        )
        view = view_for_staff(redemption, now=now)
        await record_change(
            session,
            actor=caller.actor,
            action="reward.granted",
            subject=f"redemption:{view.id}",
            reason=data.reason,
            now=now,
        )
        return view

    body = canonical_body("grantReward", {"member_id": member_id, "body": data})
    return await answer_once(services, caller, idempotency_key, body, act)
