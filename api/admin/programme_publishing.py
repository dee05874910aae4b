"""Publishing the programme: at once, or when a second person has approved, as ``publishing_approval`` says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import post
from litestar.exceptions import ClientException
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.approval_views import ApprovalView, view_approval
from api.admin.programme_views import VersionSummary, summarise_version
from api.approved_act import ApprovedAct, ask_for_approval
from api.callers import StaffCaller
from api.dependencies import ServicesOf, Staff
from api.documented import awaiting_approval, created, write_refusals
from api.etags import OptionalIfMatch, require_match
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import as_utc
from api.programmes import refresh_programmes
from api.security.permissions import Permission, requires_permission
from api.services import Services
from kernel.database import WriteSession
from loyalty.approvals import ApprovalRequest
from loyalty.audit import record_change
from loyalty.models import Approval
from loyalty.programme.drafts import lock_draft
from loyalty.programme.publications import Publication, check_publication, publish, with_document_named
from loyalty.programme.publishing import read_version

VersionNumber = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class NewVersion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The document to publish, a draft's or an earlier version's, from when it is in force, and why."""

    draft_id: fields.Code | None = None
    version: VersionNumber | None = None
    """Roll back: publish the document of this version again."""
    instead_of: VersionNumber | None = None
    """Cancel this version, which has not started: the new one starts in its place. With neither a draft nor a version
    what is in force until then stays in force."""
    starts_at: Annotated[datetime, Meta(tz=True, examples=["2026-03-01T00:00:00+03:00"])] | None = None
    """Null, or in the past: at once. Not with ``instead_of``."""
    note: fields.Note = ""


@post(
    "/v1/admin/programme/versions",
    operation_id="publishProgramme",
    summary="Publish a draft, or an earlier version again, as the next version",
    description=(
        "For a draft `If-Match` names the revision that was looked at. This server uses the version at once, others "
        "within a second. What was sold before is not touched, and no version is ever changed or deleted: rolling back "
        "and cancelling make a new one. Where publishing needs a second person the answer is 202 with what was asked "
        "for, and the version is made when it is approved."
    ),
    tags=["Staff: programme"],
    guards=[requires_permission(Permission.PROGRAMME_PUBLISH)],
    responses=created(VersionSummary) | awaiting_approval(ApprovalView) | write_refusals(401, 403, 404, 412, 422),
)
async def publish_version(
    data: JSONBody[NewVersion],
    caller: Staff,
    services: ServicesOf,
    if_match: OptionalIfMatch = None,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    needs_second_person = services.settings.publishing_approval == "second_person"
    starts_at = as_utc(data.starts_at, "starts_at")

    async def act(session: WriteSession, now: datetime) -> VersionSummary | ApprovalView:
        publication = Publication(
            draft_id=data.draft_id,
            revision=await _revision(session, data.draft_id, if_match),
            version=data.version,
            instead_of=data.instead_of,
            starts_at=starts_at,
            note=data.note,
        )
        check_publication(publication)
        if needs_second_person:
            return await _ask(services, session, caller, publication, now=now)
        return await _publish(session, publication, by=caller.actor, now=now)

    body = canonical_body("publishProgramme", {"data": data, "if_match": if_match})
    status = 202 if needs_second_person else 201
    answer = await answer_once(services, caller, idempotency_key, body, act, status=status)
    await refresh_programmes(services)
    return answer


async def _revision(session: WriteSession, draft_id: str | None, if_match: str | None) -> int | None:
    if draft_id is None:
        return None
    if if_match is None:
        raise ClientException("To publish a draft, name its revision in If-Match.")
    draft = await lock_draft(session, draft_id)
    require_match(if_match, draft.revision)
    return draft.revision


async def _ask(
    services: Services, session: WriteSession, caller: StaffCaller, publication: Publication, *, now: datetime
) -> ApprovalView:
    named = await with_document_named(session, publication, now=now)
    wanted = ApprovalRequest(kind=PUBLISHING.kind, subject=_subject(publication), payload=msgspec.to_builtins(named))
    return view_approval(await ask_for_approval(services, session, caller, wanted, now=now), now)


def _subject(publication: Publication) -> str:
    if publication.draft_id is not None:
        return f"programme_draft:{publication.draft_id}"
    return f"programme:{publication.version or publication.instead_of}"


async def _publish(session: WriteSession, publication: Publication, *, by: str, now: datetime) -> VersionSummary:
    snapshot = await publish(session, publication, published_by=by, now=now)
    summary = summarise_version(await read_version(session, snapshot.version))
    of = msgspec.structs.asdict(publication)
    await record_change(
        session,
        actor=by,
        action="programme.published",
        subject=f"programme:{snapshot.version}",
        after={name: of[name] for name in ("draft_id", "revision", "version", "instead_of") if of[name] is not None}
        | {"digest": summary.digest},
        now=now,
    )
    return summary


async def _carry_out(
    _: Services, session: WriteSession, approval: Approval, caller: StaffCaller, now: datetime
) -> Mapping[str, Any]:
    publication = msgspec.convert(approval.payload, Publication)
    summary = await _publish(session, publication, by=caller.actor, now=now)
    return {"version": summary.version, "starts_at": summary.starts_at.isoformat()}


PUBLISHING: Final = ApprovedAct("programme.publish", Permission.PROGRAMME_PUBLISH, _carry_out, refresh_programmes)
