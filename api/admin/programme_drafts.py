"""Drafts of the programme: written, read, checked."""

import asyncio
from datetime import datetime
from typing import Any, Final

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.admin.programme_views import (
    DocumentObject,
    DraftPage,
    DraftProblems,
    DraftSummary,
    DraftView,
)
from api.admin.views import view_of
from api.callers import StaffCaller
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, text_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import IfMatch, OptionalIfMatch, conditional, etag_of, require_match
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInPath
from api.security.permissions import Permission, requires_permission
from api.uploads import YAML, YamlUpload, read_text_upload
from kernel.database import WriteSession
from kernel.errors import StaleError
from loyalty.audit import record_change
from loyalty.models import ProgrammeDraft
from loyalty.programme.decoding import decode_programme, decode_programme_yaml, encode_programme_yaml
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.drafts import (
    change_draft,
    create_draft,
    delete_draft,
    document_of,
    find_draft,
    list_drafts,
    lock_draft,
    read_draft,
)
from loyalty.programme.validation import problems_of

READING: Final = [requires_permission(Permission.PROGRAMME_READ)]
DRAFTING: Final = [requires_permission(Permission.PROGRAMME_DRAFT)]


class NewDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document to work on. It must be readable as one; what else is wrong with it is told by its problems."""

    draft_id: fields.Code
    document: DocumentObject


class OtherDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole document as it is to be."""

    document: DocumentObject


class AdminDrafts(Controller):
    """Work in progress."""

    path = "/v1/admin/programme/drafts"
    tags = ("Staff: programme",)

    @get(operation_id="listProgrammeDrafts", summary="Drafts", guards=READING, responses=refusals(401, 403))
    async def list_page(
        self, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> DraftPage:
        async with services.database.read() as session:
            rows = await list_drafts(session, after=text_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda draft: draft.draft_id)
        return DraftPage(drafts=[view_of(draft, DraftSummary) for draft in page], next=following)

    @get(
        "/{draft_id:str}",
        operation_id="getProgrammeDraft",
        summary="A draft",
        description="Its ETag is what `If-Match` wants when it is changed or published.",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, draft_id: CodeInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[DraftView]:
        async with services.database.read() as session:
            draft = await read_draft(session, draft_id)
        return conditional(request, view_of(draft, DraftView), revision=draft.revision)

    @get(
        "/{draft_id:str}/problems",
        operation_id="getProgrammeDraftProblems",
        summary="Everything that is wrong with the draft",
        description=(
            "Each with its JSON path, and with line and column inside a condition. An `error` keeps the draft from "
            "being published, a `warning` does not."
        ),
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def problems(self, draft_id: CodeInPath, services: ServicesOf) -> DraftProblems:
        async with services.database.read() as session:
            draft = await read_draft(session, draft_id)
        problems = await problems_of(document_of(draft))
        return DraftProblems(draft_id=draft_id, revision=draft.revision, problems=problems)

    @post(
        operation_id="createProgrammeDraft",
        summary="Begin a draft",
        guards=DRAFTING,
        responses=created(DraftSummary) | write_refusals(401, 403, 422),
    )
    async def create(
        self,
        data: JSONBody[NewDraft],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        document = decode_programme(data.document)

        async def act(session: WriteSession, now: datetime) -> DraftSummary:
            return view_of(await _create(session, caller, data.draft_id, document, now=now), DraftSummary)

        body = canonical_body("createProgrammeDraft", data)
        return await answer_once(services, caller, idempotency_key, body, act)

    @put(
        "/{draft_id:str}",
        operation_id="changeProgrammeDraft",
        summary="Replace a draft's document",
        guards=DRAFTING,
        responses=write_refusals(401, 403, 404, 412, 422),
    )
    async def change(
        self,
        draft_id: CodeInPath,
        data: JSONBody[OtherDocument],
        caller: Staff,
        services: ServicesOf,
        if_match: IfMatch,
    ) -> Response[DraftSummary]:
        document = decode_programme(data.document)
        now = services.clock()
        async with services.database.write() as session:
            draft = await lock_draft(session, draft_id)
            require_match(if_match, draft.revision)
            await _change(session, caller, draft, document, now=now)
            await session.commit()
        return Response(view_of(draft, DraftSummary), headers={"ETag": etag_of(draft.revision)})

    @delete(
        "/{draft_id:str}",
        operation_id="deleteProgrammeDraft",
        summary="Throw a draft away",
        description="`If-Match` names the revision that was looked at. Versions published from it stay.",
        guards=DRAFTING,
        responses=refusals(401, 403, 404, 409, 412),
    )
    async def delete(self, draft_id: CodeInPath, caller: Staff, services: ServicesOf, if_match: IfMatch) -> None:
        async with services.database.write() as session:
            draft = await lock_draft(session, draft_id)
            require_match(if_match, draft.revision)
            await delete_draft(session, draft)
            await record_change(
                session,
                actor=caller.actor,
                action="programme_draft.deleted",
                subject=f"programme_draft:{draft_id}",
                before={"revision": draft.revision},
                now=services.clock(),
            )
            await session.commit()

    @get(
        "/{draft_id:str}/yaml",
        operation_id="exportProgrammeDraft",
        summary="The draft as YAML",
        media_type=YAML,
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def export(self, draft_id: CodeInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            draft = await read_draft(session, draft_id)
        text = await asyncio.to_thread(encode_programme_yaml, document_of(draft))
        return Response(text, media_type=YAML, headers={"ETag": etag_of(draft.revision)})

    @put(
        "/{draft_id:str}/yaml",
        operation_id="importProgrammeDraft",
        summary="Make or replace a draft from YAML",
        description="With `If-Match` it replaces that revision; without, there must be no draft of this id yet.",
        operation_class=YamlUpload,
        guards=DRAFTING,
        responses=write_refusals(401, 403, 404, 412, 415, 422),
    )
    async def import_yaml(
        self,
        draft_id: CodeInPath,
        request: Request[Any, Any, Any],
        caller: Staff,
        services: ServicesOf,
        if_match: OptionalIfMatch = None,
    ) -> Response[DraftSummary]:
        # Reading a long document takes seconds: in a thread, so that tills are served meanwhile.
        document = await asyncio.to_thread(decode_programme_yaml, await read_text_upload(request, YAML))
        now = services.clock()
        async with services.database.write() as session:
            if if_match is not None:
                draft = await lock_draft(session, draft_id)
                require_match(if_match, draft.revision)
                await _change(session, caller, draft, document, now=now)
            elif (found := await find_draft(session, draft_id)) is not None:
                raise StaleError("There is such a draft: name its revision in If-Match.", revision=found.revision)
            else:
                draft = await _create(session, caller, draft_id, document, now=now)
            await session.commit()
        return Response(view_of(draft, DraftSummary), headers={"ETag": etag_of(draft.revision)})


async def _create(
    session: WriteSession, caller: StaffCaller, draft_id: str, document: ProgrammeDocument, *, now: datetime
) -> ProgrammeDraft:
    draft = await create_draft(session, draft_id=draft_id, document=document, by=caller.actor, now=now)
    await record_change(
        session,
        actor=caller.actor,
        action="programme_draft.created",
        subject=f"programme_draft:{draft_id}",
        after={"revision": draft.revision},
        now=now,
    )
    return draft


async def _change(
    session: WriteSession, caller: StaffCaller, draft: ProgrammeDraft, document: ProgrammeDocument, *, now: datetime
) -> None:
    await change_draft(session, draft, document, by=caller.actor, now=now)
    await record_change(
        session,
        actor=caller.actor,
        action="programme_draft.changed",
        subject=f"programme_draft:{draft.draft_id}",
        before={"revision": draft.revision - 1},
        after={"revision": draft.revision},
        now=now,
    )
