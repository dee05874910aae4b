"""Published versions of the programme, and publishing one."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from api import fields
from api.admin.programme_views import VersionPage, VersionSummary, VersionView, summarise_version, view_version
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import IfMatch, conditional, require_match
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import as_utc
from api.programmes import refresh_programmes
from api.security.permissions import Permission, requires_permission
from api.uploads import YAML
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.programme.decoding import decode_programme, encode_programme_yaml
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.drafts import document_of, lock_draft
from loyalty.programme.publishing import list_versions, publish_programme, read_version

READING: Final = [requires_permission(Permission.PROGRAMME_READ)]
_SCHEMA: Final = msgspec.json.schema(ProgrammeDocument)
VersionInPath = Annotated[int, PathParameter(ge=1, le=2**53 - 1)]


class NewVersion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The draft to publish, from when it is in force, and why."""

    draft_id: fields.Code
    starts_at: Annotated[datetime, Meta(tz=True, examples=["2026-03-01T00:00:00+03:00"])] | None = None
    """Null, or in the past: at once."""
    note: fields.Note = ""


class AdminVersions(Controller):
    """What the programme says, and said."""

    path = "/v1/admin/programme"
    tags = ("Staff: programme",)

    @get(
        "/schema",
        operation_id="getProgrammeSchema",
        summary="JSON Schema of a programme document",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403),
    )
    async def schema(self, request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
        return conditional(request, _SCHEMA)

    @get(
        "/versions",
        operation_id="listProgrammeVersions",
        summary="Published versions",
        guards=READING,
        responses=refusals(401, 403),
    )
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> VersionPage:
        async with services.database.read() as session:
            rows = await list_versions(session, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda row: row.version)
        return VersionPage(versions=[summarise_version(row) for row in page], next=following)

    @get(
        "/versions/{version:int}",
        operation_id="getProgrammeVersion",
        summary="A published version",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, version: VersionInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[VersionView]:
        async with services.database.read() as session:
            row = await read_version(session, version)
        return conditional(request, view_version(row))

    @get(
        "/versions/{version:int}/yaml",
        operation_id="exportProgrammeVersion",
        summary="A published version as YAML",
        description="To be imported as a draft, here or in another installation.",
        media_type=YAML,
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def export(self, version: VersionInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            row = await read_version(session, version)
        text = await asyncio.to_thread(encode_programme_yaml, decode_programme(row.document))
        return Response(text, media_type=YAML)

    @post(
        "/versions",
        operation_id="publishProgramme",
        summary="Publish a draft as the next version",
        description=(
            "`If-Match` names the draft's revision that was looked at. This server uses the version at once, others "
            "within a second. What was sold before is not touched."
        ),
        guards=[requires_permission(Permission.PROGRAMME_PUBLISH)],
        responses=created(VersionSummary) | write_refusals(401, 403, 404, 412, 422),
    )
    async def publish(
        self,
        data: JSONBody[NewVersion],
        caller: Staff,
        services: ServicesOf,
        if_match: IfMatch,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        starts_at = as_utc(data.starts_at, "starts_at")

        async def act(session: WriteSession, now: datetime) -> VersionSummary:
            draft = await lock_draft(session, data.draft_id)
            require_match(if_match, draft.revision)
            snapshot = await publish_programme(
                session,
                document_of(draft),
                starts_at=starts_at or now,
                published_by=caller.actor,
                note=data.note,
                now=now,
            )
            summary = summarise_version(await read_version(session, snapshot.version))
            await record_change(
                session,
                actor=caller.actor,
                action="programme.published",
                subject=f"programme:{snapshot.version}",
                after={"draft_id": draft.draft_id, "revision": draft.revision, "digest": summary.digest},
                now=now,
            )
            return summary

        body = canonical_body("publishProgramme", {"data": data, "if_match": if_match})
        answer = await answer_once(services, caller, idempotency_key, body, act)
        await refresh_programmes(services)
        return answer
