"""Members become one, leave, and take their data with them."""

from datetime import datetime

from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.leaving import leave_for_good
from api.me.export import PersonalData, as_file, collect_personal_data
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.members.merging import merge_members
from loyalty.members.survivors import surviving_member


class NewMerge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who becomes part of the member in the path."""

    source_id: fields.MemberId
    reason: fields.Reason
    note: fields.Note = ""


class MergeDone(Struct, frozen=True, kw_only=True):
    """From now on the source leads to the member."""

    member_id: str
    source_id: str


class NewErasure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why. A code alone: what is said about the person would have to be erased too."""

    reason: fields.Reason


class ErasureDone(Struct, frozen=True, kw_only=True):
    """The number stays in the books and leads to nobody."""

    member_id: str


@post(
    "/v1/admin/members/{member_id:str}/merges",
    operation_id="mergeMembers",
    summary="Make another member part of this one",
    description="Points, debt and identities move; late sales and refunds follow. It cannot be undone.",
    tags=["Staff: members"],
    guards=[requires_permission(Permission.MEMBERS_MERGE)],
    responses=created(MergeDone) | write_refusals(401, 403, 404, 422),
)
async def merge_into_member(
    member_id: MemberInPath,
    data: JSONBody[NewMerge],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    async def act(session: WriteSession, now: datetime) -> MergeDone:
        source_id, target_id = member_id_of(data.source_id), member_id_of(member_id)
        await merge_members(
            session, source_id=source_id, target_id=target_id, actor=caller.actor, reason=data.reason, now=now
        )
        done = MergeDone(member_id=member_public_id(target_id), source_id=member_public_id(source_id))
        await record_change(
            session,
            actor=caller.actor,
            action="member.merged",
            subject=done.member_id,
            after={"source_id": done.source_id, "note": data.note},
            reason=data.reason,
            now=now,
        )
        return done

    kept = {
        "member_id": member_id,
        "source_id": data.source_id,
        "reason": data.reason,
        "note": veiled(services, data.note),
    }
    return await answer_once(services, caller, idempotency_key, canonical_body("mergeMembers", kept), act)


@post(
    "/v1/admin/members/{member_id:str}/erasures",
    operation_id="eraseMember",
    summary="Erase a member for good",
    description=(
        "Points are forfeited, personal data is removed, every phone is signed out. Purchases stay in the books under "
        "a number that leads to nobody."
    ),
    tags=["Staff: members"],
    guards=[requires_permission(Permission.MEMBERS_ERASE)],
    responses=created(ErasureDone) | write_refusals(401, 403, 404, 422),
)
async def erase_member_for_good(
    member_id: MemberInPath,
    data: JSONBody[NewErasure],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    async def act(session: WriteSession, now: datetime) -> ErasureDone:
        member = await surviving_member(session, member_id_of(member_id))
        await leave_for_good(session, member.member_id, actor=caller.actor, reason=data.reason, now=now)
        return ErasureDone(member_id=member_public_id(member.member_id))

    body = canonical_body("eraseMember", {"member_id": member_id, "reason": data.reason})
    return await answer_once(services, caller, idempotency_key, body, act)


@get(
    "/v1/admin/members/{member_id:str}/export",
    operation_id="exportMemberData",
    summary="All data about a member in one file",
    description="For a member who asks for it and has no app. Each export is on record.",
    tags=["Staff: members"],
    guards=[requires_permission(Permission.MEMBERS_PERSONAL)],
    responses=refusals(401, 403, 404, 409),
)
async def export_member_data(member_id: MemberInPath, caller: Staff, services: ServicesOf) -> Response[PersonalData]:
    now = services.clock()
    async with services.database.write() as session:
        member = await surviving_member(session, member_id_of(member_id))
        data = await collect_personal_data(services, session, member.member_id, now=now)
        public_id = member_public_id(member.member_id)
        await record_change(session, actor=caller.actor, action="member.exported", subject=public_id, now=now)
        await session.commit()
    return as_file(data, f"{public_id}.json")
