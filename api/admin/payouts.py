"""Payouts as staff see them: asked for on a member's behalf, decided by another person, settled."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Struct

from api import fields
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, dated_position, dated_text
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, IdempotencyKey, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import MemberInPath
from api.payouts import NewPayout, PayoutView, view_payout
from api.redemptions import RedemptionInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import WriteSession
from loyalty.audit import record_change
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.members.survivors import surviving_member
from loyalty.payouts.deciding import decide_payout
from loyalty.payouts.finding import FoundPayout, list_payouts, read_payout
from loyalty.payouts.requesting import request_payout
from loyalty.payouts.settling import settle_payout
from loyalty.payouts.states import STATES
from loyalty.rewards.codes import redemption_key

READING: Final = [requires_permission(Permission.PAYOUTS_READ)]
TAG: Final = "Staff: payouts"

StateInQuery: TypeAlias = Annotated[
    str | None,
    QueryParameter(name="state", pattern=f"^({'|'.join(STATES)})$(?!\\n)", max_length=16, required=False),
]


class StaffPayoutView(Struct, frozen=True, kw_only=True):
    """A payout, who asked for it and who decided. Whom it is paid to stands in the file of its batch alone."""

    member_id: str
    payout: PayoutView
    requested_by: str
    """``member``, or who of staff asked on their behalf."""
    decided_by: str | None
    decided_at: datetime | None
    batch_id: int | None


class StaffPayoutPage(Struct, frozen=True, kw_only=True):
    """The longest waiting first. ``next`` is the cursor of the next page; null on the last."""

    payouts: list[StaffPayoutView]
    next: str | None


class PayoutDecision(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether it is to be paid, and why."""

    approved: bool
    reason: fields.Reason | None = None


class PayoutSettlement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the bank said."""

    paid: bool
    reason: fields.Reason | None = None


@post(
    "/v1/admin/members/{member_id:str}/payouts",
    operation_id="requestMemberPayout",
    summary="Ask for money on a member's behalf",
    description="As `createMyPayout`. Whoever asked cannot approve it.",
    tags=[TAG],
    guards=[requires_permission(Permission.PAYOUTS_REQUEST)],
    responses=created(StaffPayoutView) | write_refusals(401, 403, 404, 422),
)
async def request_member_payout(
    member_id: MemberInPath,
    data: JSONBody[NewPayout],
    caller: Staff,
    services: ServicesOf,
    idempotency_key: IdempotencyKey,
) -> Answered:
    async def act(session: WriteSession, now: datetime) -> StaffPayoutView:
        member = await surviving_member(session, member_id_of(member_id))
        found = await request_payout(
            session,
            member.member_id,
            data.reward,
            data.units,
            data.checked_payee(),
            programme=services.programmes.at(now),
            actor=caller.actor,
            now=now,
        )
        return await _recorded(session, found, "requested", by=caller.actor, now=now)

    body = canonical_body("requestMemberPayout", {"member_id": member_id, **data.compared(services)})
    return await answer_once(services, caller, idempotency_key, body, act)


class AdminPayouts(Controller):
    """Payouts of all members."""

    path = "/v1/admin/payouts"
    tags = (TAG,)

    @get(
        operation_id="listPayouts",
        summary="Money that was asked for",
        description="With `state=requested`, the queue of what waits for a second person.",
        guards=READING,
        responses=refusals(401, 403),
    )
    async def list_page(
        self,
        services: ServicesOf,
        payout_state: StateInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> StaffPayoutPage:
        now = services.clock()
        after = dated_position(cursor)
        async with services.database.read() as session:
            rows = await list_payouts(session, state=payout_state, batch_id=None, after=after, limit=limit + 1, now=now)
        page, following = cut(rows, limit, lambda found: dated_text(*found.position))
        return StaffPayoutPage(payouts=[view_for_staff(found, now=now) for found in page], next=following)

    @get(
        "/{redemption_id:str}",
        operation_id="getPayout",
        summary="A payout",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, redemption_id: RedemptionInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[StaffPayoutView]:
        async with services.database.read() as session:
            found = await read_payout(session, redemption_key(redemption_id))
        return conditional(request, view_for_staff(found, now=services.clock()))

    @post(
        "/{redemption_id:str}/decision",
        operation_id="decidePayout",
        summary="Approve or refuse",
        description=(
            "By another person than the one who asked on the member's behalf; who asked may refuse it. With the "
            "approval its points are spent; refused, they are free again at once."
        ),
        guards=[requires_permission(Permission.PAYOUTS_DECIDE)],
        responses=created(StaffPayoutView) | write_refusals(401, 403, 404),
    )
    async def decide(
        self,
        redemption_id: RedemptionInPath,
        data: JSONBody[PayoutDecision],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        key = redemption_key(redemption_id)

        async def act(session: WriteSession, now: datetime) -> StaffPayoutView:
            found = await decide_payout(
                session,
                key,
                approved=data.approved,
                document=services.programmes.at(now).document,
                actor=caller.actor,
                reason=data.reason,
                now=now,
            )
            return await _recorded(session, found, found.payout.decision or "", by=caller.actor, now=now)

        body = canonical_body("decidePayout", {"redemption_id": key, "data": data})
        return await answer_once(services, caller, idempotency_key, body, act)

    @post(
        "/{redemption_id:str}/settlement",
        operation_id="settlePayout",
        summary="Paid, or failed",
        description=(
            "Once. Only what is in a batch can have been paid. What failed gives its points back; said of one that is "
            "in no batch, it is never exported."
        ),
        guards=[requires_permission(Permission.PAYOUTS_SETTLE)],
        responses=created(StaffPayoutView) | write_refusals(401, 403, 404),
    )
    async def settle(
        self,
        redemption_id: RedemptionInPath,
        data: JSONBody[PayoutSettlement],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        key = redemption_key(redemption_id)

        async def act(session: WriteSession, now: datetime) -> StaffPayoutView:
            found = await settle_payout(
                session,
                key,
                paid=data.paid,
                document=services.programmes.at(now).document,
                actor=caller.actor,
                reason=data.reason,
                now=now,
            )
            return await _recorded(session, found, "paid" if data.paid else "failed", by=caller.actor, now=now)

        body = canonical_body("settlePayout", {"redemption_id": key, "data": data})
        return await answer_once(services, caller, idempotency_key, body, act)


def view_for_staff(found: FoundPayout, *, now: datetime) -> StaffPayoutView:
    """As staff see it."""
    return StaffPayoutView(
        member_id=member_public_id(found.payout.member_id),
        payout=view_payout(found, now=now),
        requested_by=found.payout.requested_by,
        decided_by=found.payout.decided_by,
        decided_at=found.payout.decided_at,
        batch_id=found.payout.batch_id,
    )


async def _recorded(session: WriteSession, found: FoundPayout, what: str, *, by: str, now: datetime) -> StaffPayoutView:
    view = view_for_staff(found, now=now)
    await record_change(
        session,
        actor=by,
        action=f"payout.{what}",
        subject=f"payout:{view.payout.id}",
        reason=found.redemption.reason,
        now=now,
    )
    return view
