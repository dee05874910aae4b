"""Back-tests: what recorded purchases would have earned under a draft."""

from datetime import date, datetime
from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.admin.liability_reports import PeriodBackwardsError
from api.admin.programme_views import DocumentObject
from api.admin.tasks import TaskInPath, TaskSummary
from api.admin.views import view_of
from api.csv_files import csv_answer
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.security.permissions import Permission, requires_permission
from api.tasks.backtests import BACKTEST
from api.uploads import CSV
from kernel.database import ReadSession, WriteSession
from kernel.errors import ConflictError, UnprocessableError
from loyalty.audit import record_change
from loyalty.backtesting.question import WHOLE_BP, Question
from loyalty.backtesting.report import BacktestReport, RuleDifference
from loyalty.models import Task
from loyalty.programme.decoding import decode_programme
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.drafts import document_of, read_draft
from loyalty.programme.problems import errors_among
from loyalty.programme.publishing import ProgrammeInvalidError, read_version
from loyalty.programme.validation import problems_of
from loyalty.tasks.asking import TaskNotFoundError, ask_for_task, read_task


class OneProgrammeError(UnprocessableError):
    """None was named, or several."""

    code = "one_programme_needed"
    title = "Name a draft or a version, or send a document: exactly one of them."


class ReportNotReadyError(ConflictError):
    """The task is not done: ``state`` says how it is."""

    code = "report_not_ready"
    title = "There is no report yet."


class NewBacktest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rules are tried on which purchases. Exactly one of draft, version and document."""

    draft_id: fields.Code | None = None
    version: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    document: DocumentObject | None = None
    from_day: date | None = None
    """First local day of members; null: the first there is."""
    until_day: date | None = None
    """The day after the last one; null: all."""
    sample_percent: Annotated[float, Meta(ge=0.01, le=100, examples=[10])] = 100
    """Of the members; the same ones every time."""


class AdminBacktests(Controller):
    """Trying rules on the shop's own history."""

    path = "/v1/admin/programme/backtests"
    tags = ("Staff: programme",)

    @post(
        operation_id="createBacktest",
        summary="Try a programme on recorded purchases",
        description=(
            "A task that evaluates purchases again, each on the facts that it froze, with caps and budgets counted "
            "anew, and that takes back what came back. Its result has the points by rule and wallet beside those that "
            "were really paid, what they are worth, and the members most affected. Nothing is written."
        ),
        guards=[requires_permission(Permission.PROGRAMME_DRAFT)],
        responses=created(TaskSummary) | write_refusals(401, 403, 404, 422),
    )
    async def create(
        self,
        data: JSONBody[NewBacktest],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        if data.from_day is not None and data.until_day is not None and data.from_day >= data.until_day:
            raise PeriodBackwardsError

        async def act(session: WriteSession, now: datetime) -> TaskSummary:
            document = await named_document(session, data.draft_id, data.version, data.document)
            question = Question(
                document=document,
                recorded_by=now,
                first_day=data.from_day,
                until_day=data.until_day,
                sample_bp=round(data.sample_percent * WHOLE_BP / 100),
            )
            asked = {"draft_id": data.draft_id, "version": data.version} | msgspec.to_builtins(question)
            task = await ask_for_task(session, BACKTEST, asked, requested_by=caller.actor, now=now)
            await record_change(
                session, actor=caller.actor, action="task.created", subject=f"task:{task.task_id}", now=now
            )
            return view_of(task, TaskSummary)

        body = canonical_body("createBacktest", data)
        return await answer_once(services, caller, idempotency_key, body, act)

    @get(
        "/{task_id:int}",
        operation_id="getBacktest",
        summary="The report of a back-test",
        guards=[requires_permission(Permission.PROGRAMME_READ)],
        responses=refusals(401, 403, 404, 409),
    )
    async def read(self, task_id: TaskInPath, services: ServicesOf) -> BacktestReport:
        async with services.database.read() as session:
            return _report(await read_task(session, task_id))

    @get(
        "/{task_id:int}/rules/csv",
        operation_id="getBacktestFile",
        summary="The points by rule, as CSV",
        media_type=CSV,
        guards=[requires_permission(Permission.PROGRAMME_READ)],
        responses=refusals(401, 403, 404, 409),
    )
    async def file(self, task_id: TaskInPath, services: ServicesOf) -> Response[str]:
        async with services.database.read() as session:
            report = _report(await read_task(session, task_id))
        rows = [(rule.rule, rule.drafted, rule.happened, rule.difference) for rule in report.rules]
        return csv_answer(_COLUMNS, rows, name=f"back-test-{task_id}.csv")


_COLUMNS: Final = RuleDifference.__struct_fields__


async def named_document(
    session: ReadSession, draft_id: str | None, version: int | None, document: DocumentObject | None
) -> ProgrammeDocument:
    """The document that a request names in one of three ways, without problems.

    Raises ``OneProgrammeError``, ``DraftNotFoundError``, ``VersionNotFoundError``, ``ProgrammeUnreadableError`` and
    ``ProgrammeInvalidError``.
    """
    if sum(named is not None for named in (draft_id, version, document)) != 1:
        raise OneProgrammeError
    if draft_id is not None:
        found = document_of(await read_draft(session, draft_id))
    elif version is not None:
        found = decode_programme((await read_version(session, version)).document)
    else:
        found = decode_programme(document or {})
    if problems := errors_among(await problems_of(found)):
        raise ProgrammeInvalidError(problems)
    return found


def _report(task: Task) -> BacktestReport:
    if task.kind != BACKTEST:
        raise TaskNotFoundError(task_id=task.task_id)
    if task.result is None:
        raise ReportNotReadyError(None, state=task.state, error=task.error)
    return msgspec.convert(task.result, BacktestReport)
