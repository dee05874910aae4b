"""Cases for review: what looks odd, and what a person decided about it."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta, Struct

from api import fields
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.parameters import CodeInQuery, TextInQuery
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.members.freezing import Standing, change_standing, standing_of
from loyalty.members.ids import member_public_id
from loyalty.members.survivors import lock_surviving_member
from loyalty.models import ReviewCase
from loyalty.review.deciding import decide_case, list_cases, read_case

READING: Final = [requires_permission(Permission.CASES_READ)]

CaseInPath: TypeAlias = Annotated[int, PathParameter(ge=1, le=2**53 - 1)]
StateInQuery: TypeAlias = Annotated[
    str | None, QueryParameter(name="state", pattern="^(open|closed)$(?!\\n)", max_length=16, required=False)
]


class CaseView(Struct, frozen=True, kw_only=True):
    """Something that looks odd."""

    case_id: int
    kind: Annotated[str, Meta(examples=["many_purchases"])]
    """``many_purchases``, ``many_points``, ``one_cashier``, ``many_refunds``, ``one_device``, ``one_address``,
    ``many_friends``; may grow."""
    subject: Annotated[str, Meta(examples=["mem_2ka9-e5"])]
    """A member's public id, or ``cashier:<id>``."""
    member_id: str
    """The member whom a decision can freeze."""
    period: Annotated[str, Meta(examples=["2026-03-02"])]
    """A local day of the store, or a month; of friends a day or a month in UTC."""
    facts: Annotated[dict[str, Any], Meta(examples=[{"purchases": 24, "points": 310}])]
    """What was counted when the case was opened."""
    state: Annotated[str, Meta(examples=["open"])]
    """``open`` or ``closed``."""
    opened_at: datetime
    decision: Annotated[str, Meta(examples=["dismissed"])] | None
    """``dismissed`` or ``frozen``."""
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None


class CasePage(Struct, frozen=True, kw_only=True):
    """The latest first. ``next`` is the cursor of the next page; null on the last."""

    cases: list[CaseView]
    next: str | None


class CaseDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to happen. With neither of the two the case is dismissed."""

    freeze_earning: bool = False
    freeze_spending: bool = False
    reason: fields.Reason
    note: fields.Note = ""


class AdminCases(Controller):
    """Cases for review."""

    path = "/v1/admin/cases"
    tags = ("Staff: review",)

    @get(operation_id="listCases", summary="Cases for review", guards=READING, responses=refusals(401, 403))
    async def list_page(
        self,
        services: ServicesOf,
        case_state: StateInQuery = None,
        kind: CodeInQuery = None,
        subject: TextInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> CasePage:
        async with services.database.read() as session:
            rows = await list_cases(
                session,
                state=case_state,
                kind=kind,
                subject=subject,
                below=number_position(cursor),
                limit=limit + 1,
            )
        page, following = cut(rows, limit, lambda row: row.case_id)
        return CasePage(cases=[_view(row) for row in page], next=following)

    @get(
        "/{case_id:int}",
        operation_id="getCase",
        summary="A case for review",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, case_id: CaseInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[CaseView]:
        async with services.database.read() as session:
            row = await read_case(session, case_id)
        return conditional(request, _view(row))

    @post(
        "/{case_id:int}/decision",
        operation_id="decideCase",
        summary="Dismiss a case, or freeze its member",
        description="The member is frozen in the same act. A member who is frozen already stays so.",
        guards=[requires_permission(Permission.CASES_DECIDE)],
        responses=created(CaseView) | write_refusals(401, 403, 404),
    )
    async def decide(
        self,
        case_id: CaseInPath,
        data: JSONBody[CaseDecision],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> CaseView:
            frozen = data.freeze_earning or data.freeze_spending
            if frozen:
                # The member before the case: members are locked first everywhere.
                await _freeze(session, (await read_case(session, case_id)).member_id, data, by=caller.actor, now=now)
            row = await decide_case(session, case_id, frozen=frozen, by=caller.actor, reason=data.reason, now=now)
            await record_change(
                session,
                actor=caller.actor,
                action=f"case.{row.decision}",
                subject=f"case:{case_id}",
                after={"note": data.note} if data.note else None,
                reason=data.reason,
                now=now,
            )
            return _view(row)

        kept = {
            "case_id": case_id,
            "freeze_earning": data.freeze_earning,
            "freeze_spending": data.freeze_spending,
            "reason": data.reason,
            "note": veiled(services, data.note),
        }
        return await answer_once(services, caller, idempotency_key, canonical_body("decideCase", kept), act)


async def _freeze(session: WriteSession, member_id: int, data: CaseDecision, *, by: str, now: datetime) -> None:
    before = standing_of(await lock_surviving_member(session, member_id))
    standing = Standing(
        earning_frozen=before.earning_frozen or data.freeze_earning,
        spending_frozen=before.spending_frozen or data.freeze_spending,
        blocked=before.blocked,
    )
    member, _ = await change_standing(session, member_id, standing)
    await record_change(
        session,
        actor=by,
        action="member.standing_changed",
        subject=member_public_id(member.member_id),
        before=before,
        after={"standing": standing},
        reason=data.reason,
        now=now,
    )


def _view(row: ReviewCase) -> CaseView:
    return CaseView(
        case_id=row.case_id,
        kind=row.kind,
        subject=row.subject,
        member_id=member_public_id(row.member_id),
        period=row.period,
        facts=row.facts,
        state=row.state,
        opened_at=row.opened_at,
        decision=row.decision,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )
