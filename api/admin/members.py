"""Members: listed, found, shown, changed."""

from typing import Annotated, Any, Literal

from litestar import Controller, Request, Response, get, patch, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Struct

from api import fields
from api.admin.member_views import MemberPage, MemberView, summarise_member, view_member
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, refusals, write_refusals
from api.etags import IfMatch, conditional, etag_of_body, require_unchanged
from api.me.profile import ProfilePatch, profile_changes
from api.parameters import MemberInPath
from api.rate_limits import Limit, limited
from api.security.permissions import Permission, requires_permission
from loyalty.audit import record_change
from loyalty.members.finding import MemberLookup, find_member
from loyalty.members.ids import member_id_of
from loyalty.members.listing import list_members
from loyalty.members.profile import change_profile
from loyalty.members.survivors import lock_surviving_member

StatusInQuery = Annotated[
    Literal["active", "blocked", "merged", "erased"] | None, QueryParameter(required=False, description="Only these.")
]
SEARCHES = Limit("member_searches", 120, 60)


class MemberSearch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least one; of several the first that leads to a member, in this order."""

    card: fields.Card | None = None
    phone: fields.Phone | None = None
    email: fields.Email | None = None
    external_system: fields.ExternalSystem | None = None
    external_id: fields.ExternalId | None = None


class AdminMembers(Controller):
    """Who collects points."""

    path = "/v1/admin"
    tags = ("Staff: members",)
    guards = (requires_permission(Permission.MEMBERS_READ),)

    @get(
        "/members",
        operation_id="listMembers",
        summary="Members, the latest enrolled first",
        description="Without personal data. Merged and erased members are listed too, unless one status is asked for.",
        responses=refusals(401, 403),
    )
    async def list_page(
        self,
        services: ServicesOf,
        status: StatusInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> MemberPage:
        async with services.database.read() as session:
            rows = await list_members(session, status=status, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda member: member.member_id)
        return MemberPage(members=[summarise_member(member) for member in page], next=following)

    @get(
        "/members/{member_id:str}",
        operation_id="getMember",
        summary="A member",
        description="Of a merged member the one they are now. Personal data is masked without `members:personal`.",
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, member_id: MemberInPath, request: Request[Any, Any, Any], caller: Staff, services: ServicesOf
    ) -> Response[MemberView]:
        async with services.database.read() as session:
            view = await view_member(session, services, caller, member_id_of(member_id))
        return conditional(request, view)

    @patch(
        "/members/{member_id:str}",
        operation_id="changeMember",
        summary="Change a member's name, birthday, language, zone or consents",
        description="As the member could in the app. Who changed what is on record, until the member is erased.",
        guards=[requires_permission(Permission.MEMBERS_WRITE)],
        responses=write_refusals(401, 403, 404, 412, 422),
    )
    async def change(
        self,
        member_id: MemberInPath,
        data: JSONBody[ProfilePatch],
        caller: Staff,
        services: ServicesOf,
        if_match: IfMatch,
    ) -> Response[MemberView]:
        now = services.clock()
        async with services.database.write() as session:
            member = await lock_surviving_member(session, member_id_of(member_id))
            require_unchanged(if_match, await view_member(session, services, caller, member.member_id))
            changes = profile_changes(data, source=caller.actor)
            done = await change_profile(session, member.member_id, changes, now=now)
            view = await view_member(session, services, caller, member.member_id)
            if done.after:
                await record_change(
                    session,
                    actor=caller.actor,
                    action="member.changed",
                    subject=view.member_id,
                    before=done.before,
                    after=done.after,
                    now=now,
                )
            await session.commit()
        return Response(view, headers={"ETag": etag_of_body(view)})

    @post(
        "/member-searches",
        operation_id="searchMember",
        summary="Find a member by card, phone, e-mail or external id",
        description="In the body, since URLs are logged. Nothing is changed.",
        status_code=200,
        guards=[limited(SEARCHES)],
        responses=refusals(401, 403, 404, 413, 422, 429),
    )
    async def search(self, data: JSONBody[MemberSearch], caller: Staff, services: ServicesOf) -> MemberView:
        lookup = MemberLookup(
            card=data.card,
            phone=data.phone,
            email=data.email,
            external_system=data.external_system,
            external_id=data.external_id,
        )
        key, region = services.lookup_key, services.settings.phone_region
        async with services.database.read() as session:
            found = await find_member(session, lookup, lookup_key=key, phone_region=region, at=services.clock())
            return await view_member(session, services, caller, found.member.member_id)
