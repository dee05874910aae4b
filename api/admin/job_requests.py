"""Asking for work on many members at once: paying for the past, and bulk operations."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final, Literal

from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.backtests import named_document
from api.admin.bulk_operations import NewBulkOperation, operation_of
from api.admin.job_views import JobSummary, summarise_job
from api.admin.liability_reports import PeriodBackwardsError
from api.admin.programme_views import DocumentObject
from api.callers import StaffCaller
from api.dependencies import ServicesOf, Staff
from api.documented import created, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.security.permissions import Permission, requires_permission
from api.services import Services
from kernel.database import WriteSession
from kernel.errors import UnprocessableError
from loyalty.audit import record_change
from loyalty.jobs.kinds import (
    Asked,
    FactKind,
    Retroactive,
)
from loyalty.jobs.making import begin_job
from loyalty.models import Job
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.rules import Rule
from loyalty.segments.declared import declared_segment

_FACTS: Final[dict[str, tuple[FactKind, ...]]] = {
    "purchases": ("purchase",),
    "actions": ("action",),
    "all": ("purchase", "action"),
}
WRITING: Final = [requires_permission(Permission.JOBS_WRITE)]


class TwoAudiencesError(UnprocessableError):
    """A segment and a list."""

    code = "two_audiences"
    title = "Name a segment or send a list, not both."


class BudgetInRetroactiveJobError(UnprocessableError):
    """The ``rule`` has a budget, which members take from each other: nobody's amount would be their own."""

    code = "budget_in_retroactive_job"
    title = "A rule with a budget cannot be applied to the past."


class UnknownRuleError(UnprocessableError):
    """The document has no such ``rule``."""

    code = "rule_not_found"
    title = "The programme has no such rule."


class NewRetroactiveJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rules, for which purchases and members. Exactly one of draft, version and document."""

    draft_id: fields.Code | None = None
    version: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    document: DocumentObject | None = None
    rules: Annotated[list[fields.Code], Meta(min_length=1, max_length=500)] | None = None
    """Only these are compared with what was paid; null: all."""
    from_day: date | None = None
    """First local day of members."""
    until_day: date | None = None
    """The day after the last one."""
    direction: Literal["pay", "take_back", "both"] = "pay"
    facts: Literal["purchases", "actions", "all"] = "purchases"
    """What is looked at, and so whose rules are compared."""
    segment: fields.Code | None = None
    """Only members who are in it now. Without it and without a list: everybody."""
    listed: bool = False
    """Whether the members come as a file."""
    reason: fields.Reason


@post(
    "/v1/admin/retroactive-jobs",
    operation_id="createRetroactiveJob",
    summary="Pay, or take back, for past purchases and actions",
    description=(
        "A job that compares what purchases (after their refunds) or actions of the period would have earned with what "
        "they were paid, by the programme or by an earlier job that was not taken back: the same past is paid once. "
        "Nothing moves before it has been previewed and applied."
    ),
    tags=["Staff: jobs"],
    guards=WRITING,
    responses=created(JobSummary) | write_refusals(401, 403, 404, 422),
)
async def create_retroactive_job(
    data: JSONBody[NewRetroactiveJob],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    if data.from_day is not None and data.until_day is not None and data.from_day >= data.until_day:
        raise PeriodBackwardsError
    if data.listed and data.segment is not None:
        raise TwoAudiencesError

    async def act(session: WriteSession, now: datetime) -> JobSummary:
        document = await named_document(session, data.draft_id, data.version, data.document)
        _check_rules(document, data.rules, _FACTS[data.facts])
        _check_segment(services, data.segment, now=now)
        asked = Retroactive(
            document=document,
            rules=None if data.rules is None else tuple(data.rules),
            first_day=data.from_day,
            until_day=data.until_day,
            direction=data.direction,
            facts=_FACTS[data.facts],
        )
        return await _begin(
            session, caller, asked, segment=data.segment, awaits_list=data.listed, reason=data.reason, now=now
        )

    body = canonical_body("createRetroactiveJob", data)
    return await answer_once(services, caller, idempotency_key, body, act)


@post(
    "/v1/admin/bulk-operations",
    operation_id="createBulkOperation",
    summary="Do something to many members at once",
    description="A job: previewed, applied once to each, and taken back as one.",
    tags=["Staff: jobs"],
    guards=WRITING,
    responses=created(JobSummary) | write_refusals(401, 403, 404, 422),
)
async def create_bulk_operation(
    data: JSONBody[NewBulkOperation],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
) -> Answered:
    async def act(session: WriteSession, now: datetime) -> JobSummary:
        asked = operation_of(services, data, now=now)
        _check_segment(services, data.segment, now=now)
        return await _begin(
            session,
            caller,
            asked,
            segment=data.segment,
            awaits_list=data.segment is None,
            reason=data.reason,
            now=now,
        )

    body = canonical_body("createBulkOperation", data)
    return await answer_once(services, caller, idempotency_key, body, act)


def _check_rules(document: ProgrammeDocument, codes: Sequence[str] | None, facts: Sequence[FactKind]) -> None:
    kinds: dict[FactKind, Sequence[Rule]] = {"purchase": document.earn_rules, "action": document.action_rules}
    rules = {rule.code: rule for fact in facts for rule in kinds[fact]}
    for code in codes or rules:
        if code not in rules:
            raise UnknownRuleError(None, rule=code)
        if rules[code].budget_points is not None:
            raise BudgetInRetroactiveJobError(None, rule=code)


def _check_segment(services: Services, segment: str | None, *, now: datetime) -> None:
    if segment is not None:
        declared_segment([services.programmes.at(now).document], segment)


async def _begin(
    session: WriteSession,
    caller: StaffCaller,
    asked: Asked,
    *,
    segment: str | None,
    awaits_list: bool,
    reason: str,
    now: datetime,
) -> JobSummary:
    job: Job = await begin_job(
        session,
        asked,
        segment=segment,
        awaits_list=awaits_list,
        reason=reason,
        requested_by=caller.actor,
        now=now,
    )
    await record_change(
        session,
        actor=caller.actor,
        action="job.created",
        subject=f"job:{job.job_id}",
        after={"kind": job.kind, "segment": segment},
        reason=reason,
        now=now,
    )
    return summarise_job(job)
