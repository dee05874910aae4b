"""Segments of the programme: who is in them, and the lists that staff keep."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Controller, Request, get, patch, put
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from api import fields
from api.callers import StaffCaller
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_cursor, number_position, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import refusals, write_refusals
from api.parameters import CodeInPath
from api.programmes import current_documents
from api.security.permissions import Permission, requires_permission
from api.services import Services
from api.uploads import CSV, MembersUpload, read_upload
from loyalty.audit import record_change
from loyalty.members.ids import member_public_id
from loyalty.programme.segments import Segment
from loyalty.segments.declared import declared_list, declared_segment
from loyalty.segments.files import MOST_MEMBERS, numbered, read_member_file
from loyalty.segments.lists import ListChange, ListMode, change_list, count_listed, listed_members
from loyalty.segments.scanning import MOST_LOOKED_AT, SegmentCount, count_members, members_in

MAX_BYTES: Final = 4 * 1024 * 1024
READING: Final = [requires_permission(Permission.PROGRAMME_READ)]
WRITING: Final = [requires_permission(Permission.SEGMENTS_WRITE)]

ModeInQuery = Annotated[ListMode, QueryParameter(name="mode", description="What becomes of the members in the file.")]
MemberIds = Annotated[tuple[fields.MemberId, ...], Meta(max_length=MOST_MEMBERS, examples=[["mem_2ka9-e5"]])]


class SegmentView(Struct, frozen=True, kw_only=True):
    """A segment that the programme in force declares."""

    code: str
    names: dict[str, str]
    """By language."""
    condition: str | None
    """Who is in it, in CEL. Null: those whom staff have listed."""
    listed: int | None
    """Members on the list; null where there is a condition."""


class SegmentPage(Struct, frozen=True, kw_only=True):
    """Segments by code. ``next`` is the cursor of the next page; null on the last."""

    segments: list[SegmentView]
    next: str | None


class SegmentMembers(Struct, frozen=True, kw_only=True):
    """Members by number. A page of a segment with a condition may be short, or empty, and yet have a ``next``."""

    members: list[str]
    next: str | None


class OtherMembers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody who is to stand on the list."""

    members: MemberIds


class MembersPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is put on the list and who is taken off it; taking off comes first."""

    add: MemberIds = ()
    remove: MemberIds = ()


class AdminSegments(Controller):
    """Groups of members by name."""

    path = "/v1/admin/segments"
    tags = ("Staff: segments",)

    @get(operation_id="listSegments", summary="Segments", guards=READING, responses=refusals(401, 403, 409))
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> SegmentPage:
        after = text_position(cursor) or ""
        declared = services.programmes.at(services.clock()).document.segments
        rows = sorted((s for s in declared if s.code > after), key=lambda segment: segment.code)
        page, following = cut(rows[: limit + 1], limit, lambda segment: segment.code)
        async with services.database.read() as session:
            counts = await count_listed(session, [segment.code for segment in page])
        return SegmentPage(segments=[_view(segment, counts) for segment in page], next=following)

    @get(
        "/{code:str}",
        operation_id="getSegment",
        summary="A segment",
        guards=READING,
        responses=refusals(401, 403, 404, 409),
    )
    async def read(self, code: CodeInPath, services: ServicesOf) -> SegmentView:
        segment = declared_segment([services.programmes.at(services.clock()).document], code)
        async with services.database.read() as session:
            return _view(segment, await count_listed(session, [code]))

    @get(
        "/{code:str}/count",
        operation_id="countSegment",
        summary="How many members are in a segment",
        description=(
            f"A list is counted. Of a segment with a condition up to {MOST_LOOKED_AT:,} members are looked at; where "
            "there are more, the answer is told from every nth of them and `exact` is false."
        ),
        guards=READING,
        responses=refusals(401, 403, 404, 409),
    )
    async def count(self, code: CodeInPath, services: ServicesOf) -> SegmentCount:
        now = services.clock()
        programme = services.programmes.at(now)
        segment = declared_segment([programme.document], code)
        async with services.database.read() as session:
            if segment.condition:
                return await count_members(session, code, programme, now=now)
            listed = (await count_listed(session, [code]))[code]
        return SegmentCount(members=listed, exact=True, looked_at=listed, active=listed)

    @get(
        "/{code:str}/members",
        operation_id="listSegmentMembers",
        summary="Members of a segment",
        description=(
            f"For a segment with a condition each page looks at up to {MOST_LOOKED_AT:,} members, so that it may be "
            "short: go on while there is a `next`."
        ),
        guards=[requires_permission(Permission.MEMBERS_READ)],
        responses=refusals(401, 403, 404, 409),
    )
    async def members(
        self,
        code: CodeInPath,
        services: ServicesOf,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> SegmentMembers:
        now = services.clock()
        programme = services.programmes.at(now)
        after = number_position(cursor) or 0
        segment = declared_segment([programme.document], code)
        async with services.database.read() as session:
            if segment.condition:
                found = await members_in(session, code, programme, after=after, limit=limit, now=now)
                following = None if found.after is None else number_cursor(found.after)
                return SegmentMembers(members=[member_public_id(m) for m in found.members], next=following)
            rows = await listed_members(session, code, after=after, limit=limit + 1)
        page, following = cut(rows, limit, lambda member_id: member_id)
        return SegmentMembers(members=[member_public_id(member_id) for member_id in page], next=following)

    @put(
        "/{code:str}/members",
        operation_id="replaceSegmentMembers",
        summary="Set who stands on a list",
        description=f"Up to {MOST_MEMBERS:,} members, all or none. Sending them again changes nothing.",
        request_max_body_size=MAX_BYTES,
        guards=WRITING,
        responses=write_refusals(401, 403, 404, 422),
    )
    async def replace(
        self, code: CodeInPath, data: JSONBody[OtherMembers], caller: Staff, services: ServicesOf
    ) -> ListChange:
        declared_list(current_documents(services), code)
        lines = numbered(enumerate(data.members, start=1))
        return await _change(services, caller, code, (("replace", lines),))

    @patch(
        "/{code:str}/members",
        operation_id="changeSegmentMembers",
        summary="Put members on a list, and take members off it",
        description="All or none. Who stands there already, or does not, stays so.",
        request_max_body_size=MAX_BYTES,
        guards=WRITING,
        responses=write_refusals(401, 403, 404, 422),
    )
    async def change(
        self, code: CodeInPath, data: JSONBody[MembersPatch], caller: Staff, services: ServicesOf
    ) -> ListChange:
        declared_list(current_documents(services), code)
        removed, added = numbered(enumerate(data.remove, start=1)), numbered(enumerate(data.add, start=1))
        return await _change(services, caller, code, (("remove", removed), ("add", added)))

    @put(
        "/{code:str}/members/file",
        operation_id="importSegmentMembers",
        summary="Change a list by a CSV file",
        description=(
            f"UTF-8, one column `member_id`, at most 4 MiB and {MOST_MEMBERS:,} members, all or none. Problems are "
            "listed with their line numbers."
        ),
        operation_class=MembersUpload,
        request_max_body_size=MAX_BYTES,
        guards=WRITING,
        responses=write_refusals(401, 403, 404, 415, 422),
    )
    async def import_file(
        self,
        code: CodeInPath,
        request: Request[Any, Any, Any],
        caller: Staff,
        services: ServicesOf,
        list_mode: ModeInQuery = "replace",
    ) -> ListChange:
        declared_list(current_documents(services), code)
        content = await read_upload(request, CSV)
        # In a thread: a large file takes a while to read, in which tills must be answered.
        lines = await asyncio.to_thread(read_member_file, content)
        return await _change(services, caller, code, ((list_mode, lines),))


async def _change(
    services: Services, caller: StaffCaller, code: str, steps: tuple[tuple[ListMode, Mapping[int, int]], ...]
) -> ListChange:
    now: datetime = services.clock()
    async with services.database.write() as session:
        done = [await change_list(session, code, lines, mode, now=now) for mode, lines in steps]
        outcome = ListChange(
            added=sum(each.added for each in done),
            removed=sum(each.removed for each in done),
            members=done[-1].members,
        )
        await record_change(
            session, actor=caller.actor, action="segment.changed", subject=f"segment:{code}", after=outcome, now=now
        )
        await session.commit()
    return outcome


def _view(segment: Segment, counts: Mapping[str, int]) -> SegmentView:
    return SegmentView(
        code=segment.code,
        names=segment.names,
        condition=segment.condition or None,
        listed=None if segment.condition else counts[segment.code],
    )
