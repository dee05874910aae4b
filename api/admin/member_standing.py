"""What a member may do, and may not while something is looked into."""

from litestar import put
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.admin.member_views import MemberSummary, summarise_member
from api.dependencies import ServicesOf, Staff
from api.documented import write_refusals
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from loyalty.audit import record_change
from loyalty.members.freezing import Standing, change_standing
from loyalty.members.ids import member_id_of, member_public_id


class NewStanding(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole standing, and why."""

    earning_frozen: bool
    spending_frozen: bool
    blocked: bool
    """Neither earns nor spends, and tills are told."""
    reason: fields.Reason
    note: fields.Note = ""


@put(
    "/v1/admin/members/{member_id:str}/standing",
    operation_id="changeMemberStanding",
    summary="Freeze earning or spending, block, or release again",
    description="Points are kept, and sales are recorded all the same: they earn nothing, or are paid with nothing.",
    tags=["Staff: members"],
    guards=[requires_permission(Permission.MEMBERS_WRITE)],
    responses=write_refusals(401, 403, 404),
)
async def change_member_standing(
    member_id: MemberInPath, data: JSONBody[NewStanding], caller: Staff, services: ServicesOf
) -> MemberSummary:
    standing = Standing(earning_frozen=data.earning_frozen, spending_frozen=data.spending_frozen, blocked=data.blocked)
    async with services.database.write() as session:
        member, before = await change_standing(session, member_id_of(member_id), standing)
        await record_change(
            session,
            actor=caller.actor,
            action="member.standing_changed",
            subject=member_public_id(member.member_id),
            before=before,
            after={"standing": standing, "note": data.note},
            reason=data.reason,
            now=services.clock(),
        )
        await session.commit()
    return summarise_member(member)
