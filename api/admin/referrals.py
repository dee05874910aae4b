"""Who brought whom, and what of it staff have to look at."""

from datetime import datetime
from typing import Annotated, Final, Literal

from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from api import fields
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import ServicesOf, Staff
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import MemberInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.models import Referral
from loyalty.receipts import purchase_id as purchase_public_id
from loyalty.referrals.deciding import decide_referral
from loyalty.referrals.listing import read_referral, referrals_of_state

READING: Final = [requires_permission(Permission.MEMBERS_READ)]
StateInQuery = Annotated[
    Literal["registered", "held", "rewarded", "rejected", "reversed"] | None,
    QueryParameter(name="state", required=False),
]


class StaffReferralView(Struct, frozen=True, kw_only=True):
    """Who brought whom, and what became of it."""

    member_id: Annotated[str, Meta(examples=["mem_2k9-q4"])]
    """The friend."""
    referrer_id: Annotated[str, Meta(examples=["mem_1-8r"])]
    state: Annotated[str, Meta(examples=["held"])]
    """``registered``, ``held``, ``rewarded``, ``rejected`` or ``reversed``; may grow."""
    referred_at: datetime
    qualifies_until: datetime
    purchase_id: Annotated[str | None, Meta(examples=["pur_1-8-qn"])]
    """The friend's purchase that counts."""
    qualified_at: datetime | None
    milestone: int | None
    """The how-manyeth friend of the referrer it was, once rewarded."""
    decided_by: str | None
    reason: Annotated[str | None, Meta(examples=["velocity"])]


class StaffReferralPage(Struct, frozen=True, kw_only=True):
    """By the friend's number. ``next`` is the cursor of the next page; null on the last."""

    referrals: list[StaffReferralView]
    next: str | None


class ReferralDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether it is paid, and why."""

    approved: bool
    reason: fields.Reason | None = None


class AdminReferrals(Controller):
    """Referrals of all members."""

    path = "/v1/admin/referrals"
    tags = ("Staff: members",)

    @get(operation_id="listReferrals", summary="Who brought whom", guards=READING, responses=refusals(401, 403))
    async def list_page(
        self,
        services: ServicesOf,
        wanted_state: StateInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> StaffReferralPage:
        async with services.database.read() as session:
            rows = await referrals_of_state(session, wanted_state, after=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda row: row.member_id)
        return StaffReferralPage(referrals=[_view(row) for row in page], next=following)

    @get(
        "/{member_id:str}",
        operation_id="getReferral",
        summary="Who brought a member",
        guards=READING,
        responses=refusals(401, 403, 404),
    )
    async def read(self, member_id: MemberInPath, services: ServicesOf) -> StaffReferralView:
        async with services.database.read() as session:
            return _view(await read_referral(session, member_id_of(member_id)))

    @post(
        "/{member_id:str}/decision",
        operation_id="decideReferral",
        summary="Pay a held referral, or reject it",
        description="Held are those that came too fast after others of the same referrer.",
        guards=[requires_permission(Permission.MEMBERS_WRITE)],
        responses=created(StaffReferralView) | write_refusals(401, 403, 404, 422),
    )
    async def decide(
        self,
        member_id: MemberInPath,
        data: JSONBody[ReferralDecision],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        friend_id = member_id_of(member_id)

        async def act(session: WriteSession, now: datetime) -> StaffReferralView:
            referral = await decide_referral(
                session,
                friend_id,
                approved=data.approved,
                reason=data.reason,
                by=caller.actor,
                programmes=services.programmes,
                now=now,
            )
            await record_change(
                session,
                actor=caller.actor,
                action=f"referral.{referral.state}",
                subject=member_public_id(friend_id),
                after={"approved": data.approved, "milestone": referral.milestone},
                reason=data.reason,
                now=now,
            )
            return _view(referral)

        body = canonical_body("decideReferral", {"member_id": friend_id, "data": data})
        return await answer_once(services, caller, idempotency_key, body, act)


def _view(row: Referral) -> StaffReferralView:
    purchase = (row.purchase_member_id, row.purchase_no)
    return StaffReferralView(
        member_id=member_public_id(row.member_id),
        referrer_id=member_public_id(row.referrer_id),
        state=row.state,
        referred_at=row.referred_at,
        qualifies_until=row.qualifies_until,
        purchase_id=None
        if purchase[0] is None or purchase[1] is None
        else purchase_public_id(purchase[0], purchase[1]),
        qualified_at=row.qualified_at,
        milestone=row.milestone,
        decided_by=row.decided_by,
        reason=row.reason,
    )
