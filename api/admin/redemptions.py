"""Rewards that were issued, as staff work through them: listed, handed over, taken back."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta, Struct

from api import fields
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, dated_position, dated_text
from api.dependencies import ServicesOf, Staff
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.parameters import CodeInQuery
from api.redemptions import PaidPrice, RedemptionInPath
from api.security.permissions import Permission, requires_permission
from kernel.database import ReadSession, WriteSession, driver
from loyalty.audit import record_change
from loyalty.members.family import family_of
from loyalty.members.ids import member_id_of, member_public_id
from loyalty.members.survivors import surviving_member
from loyalty.models import Redemption
from loyalty.rewards import codes
from loyalty.rewards.ending import cancel_redemption, fulfil_redemption
from loyalty.rewards.finding import list_by_state, read_redemption
from loyalty.rewards.states import state_at

READING: Final = [requires_permission(Permission.REDEMPTIONS_READ)]
ENDING: Final = [requires_permission(Permission.REDEMPTIONS_END)]

StateInQuery: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        name="state",
        pattern="^(reserved|issued|used|fulfilled|cancelled|expired|refunded|given)$(?!\\n)",
        max_length=16,
        required=False,
    ),
]
MemberInQuery: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        name="member_id", max_length=64, required=False, description="Public id of a member; of those merged, too."
    ),
]


class StaffRedemptionView(Struct, frozen=True, kw_only=True):
    """A reward that was issued. Its code is its owner's, and not shown here."""

    id: str
    member_id: str
    """To whom it was issued, whoever they were merged into since."""
    reward: str
    kind: str
    state: Annotated[str, Meta(examples=["issued"])]
    """``reserved``, ``issued``, ``used``, ``fulfilled``, ``cancelled``, ``expired``, ``refunded`` or ``given``."""
    prices: list[PaidPrice]
    price_minor: int
    """Money that the till takes besides."""
    issued_at: datetime
    expires_at: datetime | None
    """Exclusive. Null: it waits to be handed over."""
    ended_at: datetime | None
    grant_reason: str | None
    """Why the business gave it for nothing. Null: the member took it."""
    store_id: str | None
    """Where it was used; so is the terminal."""
    terminal_id: str | None
    discount_minor: int | None
    """What the till took off for it."""
    given_to: str | None
    """The redemption that it is in the hands of another member."""
    received_from: str | None
    """The redemption that it was in the hands of the one who gave it."""
    reason: str | None
    """Why staff ended it."""
    actor: str
    """Who did the last thing to it."""


class StaffRedemptionPage(Struct, frozen=True, kw_only=True):
    """The longest waiting first. ``next`` is the cursor of the next page; null on the last."""

    redemptions: list[StaffRedemptionView]
    next: str | None


class RedemptionCancellation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The member does not get it."""

    reason: fields.Reason


class AdminRedemptions(Controller):
    """Rewards that were issued."""

    path = "/v1/admin/redemptions"
    tags = ("Staff: rewards",)

    @get(
        operation_id="listRedemptions",
        summary="Rewards that were issued",
        description="With `state=issued` and the code of a gift, the queue of what is to be handed over.",
        guards=READING,
        responses=refusals(401, 403, 404, 409),
    )
    async def list_page(
        self,
        services: ServicesOf,
        redemption_state: StateInQuery = None,
        reward: CodeInQuery = None,
        wanted_member: MemberInQuery = None,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
    ) -> StaffRedemptionPage:
        now = services.clock()
        after = dated_position(cursor)
        async with services.database.read() as session:
            rows = await list_by_state(
                session,
                state=redemption_state,
                reward=reward,
                family=await _family(session, wanted_member),
                after=after,
                limit=limit + 1,
                now=now,
            )
        page, following = cut(rows, limit, _position)
        return StaffRedemptionPage(redemptions=[view_for_staff(row, now=now) for row in page], next=following)

    @get(
        "/{redemption_id:str}",
        operation_id="getRedemption",
        summary="A reward that was issued",
        guards=READING,
        responses=NOT_MODIFIED | refusals(401, 403, 404),
    )
    async def read(
        self, redemption_id: RedemptionInPath, request: Request[Any, Any, Any], services: ServicesOf
    ) -> Response[StaffRedemptionView]:
        async with services.database.read() as session:
            redemption = await read_redemption(session, codes.redemption_key(redemption_id))
        return conditional(request, view_for_staff(redemption, now=services.clock()))

    @post(
        "/{redemption_id:str}/fulfilment",
        operation_id="fulfilRedemption",
        summary="Hand a reward over",
        description="Only what waits to be handed over: what is used at a till ends there.",
        guards=ENDING,
        responses=created(StaffRedemptionView) | write_refusals(401, 403, 404),
    )
    async def fulfil(
        self,
        redemption_id: RedemptionInPath,
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        key = codes.redemption_key(redemption_id)

        async def act(session: WriteSession, now: datetime) -> StaffRedemptionView:
            redemption = await fulfil_redemption(session, key, actor=caller.actor, now=now)
            return await _ended(session, redemption, now=now)

        body = canonical_body("fulfilRedemption", {"redemption_id": key})
        return await answer_once(services, caller, idempotency_key, body, act)

    @post(
        "/{redemption_id:str}/cancellation",
        operation_id="cancelRedemption",
        summary="Take a reward back",
        description="Only one that was not used, whether or not the member could. Its points return to the member.",
        guards=ENDING,
        responses=created(StaffRedemptionView) | write_refusals(401, 403, 404),
    )
    async def cancel(
        self,
        redemption_id: RedemptionInPath,
        data: JSONBody[RedemptionCancellation],
        caller: Staff,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        key = codes.redemption_key(redemption_id)

        async def act(session: WriteSession, now: datetime) -> StaffRedemptionView:
            document = services.programmes.at(now).document
            redemption = await cancel_redemption(
                session, key, document=document, actor=caller.actor, reason=data.reason, now=now
            )
            return await _ended(session, redemption, now=now)

        body = canonical_body("cancelRedemption", {"redemption_id": key, "reason": data.reason})
        return await answer_once(services, caller, idempotency_key, body, act)


async def _family(session: ReadSession, public_id: str | None) -> list[int] | None:
    if public_id is None:
        return None
    member = await surviving_member(session, member_id_of(public_id))
    return await family_of(await driver(session), member.member_id)


async def _ended(session: WriteSession, redemption: Redemption, *, now: datetime) -> StaffRedemptionView:
    view = view_for_staff(redemption, now=now)
    await record_change(
        session,
        actor=redemption.actor,
        action=f"redemption.{redemption.state}",
        subject=f"redemption:{view.id}",
        reason=redemption.reason,
        now=now,
    )
    return view


def view_for_staff(redemption: Redemption, *, now: datetime) -> StaffRedemptionView:
    """What staff see of it."""
    state = state_at(redemption, now)
    return StaffRedemptionView(
        id=codes.redemption_id(redemption.member_id, redemption.redemption_no),
        member_id=member_public_id(redemption.member_id),
        reward=redemption.reward,
        kind=redemption.kind,
        state=state,
        prices=[PaidPrice(wallet=price["wallet"], points=price["points"]) for price in redemption.prices],
        price_minor=redemption.price_minor,
        issued_at=redemption.issued_at,
        expires_at=redemption.expires_at,
        ended_at=redemption.expires_at if state == "expired" else redemption.ended_at,
        grant_reason=redemption.grant_reason,
        store_id=redemption.store_id,
        terminal_id=redemption.terminal_id,
        discount_minor=redemption.discount_minor,
        given_to=_other(redemption.to_member_id, redemption.to_redemption_no),
        received_from=_other(redemption.from_member_id, redemption.from_redemption_no),
        reason=redemption.reason,
        actor=redemption.actor,
    )


def _other(member_id: int | None, redemption_no: int | None) -> str | None:
    return None if member_id is None or redemption_no is None else codes.redemption_id(member_id, redemption_no)


def _position(redemption: Redemption) -> str:
    return dated_text(redemption.issued_at, redemption.member_id, redemption.redemption_no)
