"""``/v1/me/payouts``: points that become money."""

from datetime import datetime
from typing import Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, dated_position, dated_text
from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body
from api.payouts import NewPayout, PayoutView, view_payout
from api.rate_limits import Limit, limited
from api.redemptions import RedemptionInPath
from kernel.database import WriteSession, driver
from loyalty.members.family import family_of
from loyalty.members.survivors import surviving_member
from loyalty.payouts.finding import PayoutNotFoundError, list_own_payouts, read_payout
from loyalty.payouts.requesting import request_payout
from loyalty.rewards.codes import redemption_key

PAYOUTS: Final = Limit("payouts", 20, 3_600)


class PayoutPage(Struct, frozen=True, kw_only=True):
    """The last asked for first. ``next`` is the cursor of the next page; null on the last."""

    payouts: list[PayoutView]
    next: str | None


class MyPayouts(Controller):
    """Payouts of the signed-in member."""

    path = "/v1/me/payouts"
    tags = ("Member: rewards",)

    @post(
        operation_id="createMyPayout",
        summary="Ask for money",
        description=(
            "For a reward of the kind `payout`. Its points are held at once, so that neither another app nor a till "
            "can use them; somebody of staff approves it, and then it is paid to the account. Until then it can be "
            "given back by `cancelMyRedemption` with the same id. Whatever ends without money gives the points back."
        ),
        guards=[limited(PAYOUTS)],
        responses=created(PayoutView) | write_refusals(401, 404, 422, 429),
    )
    async def create(
        self, data: JSONBody[NewPayout], caller: Member, services: ServicesOf, idempotency_key: IdempotencyKey
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> PayoutView:
            found = await request_payout(
                session,
                caller.member_id,
                data.reward,
                data.units,
                data.checked_payee(),
                programme=services.programmes.at(now),
                actor=caller.actor,
                now=now,
            )
            return view_payout(found, now=now)

        body = canonical_body("createMyPayout", data.compared(services))
        return await answer_once(services, caller, idempotency_key, body, act)

    @get(operation_id="listMyPayouts", summary="Money that was asked for", responses=refusals(401, 404, 409))
    async def list_page(
        self, caller: Member, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> PayoutPage:
        now = services.clock()
        before = dated_position(cursor)
        async with services.database.read() as session:
            member = await surviving_member(session, caller.member_id)
            family = await family_of(await driver(session), member.member_id)
            rows = await list_own_payouts(session, family, before=before, limit=limit + 1)
        page, following = cut(rows, limit, lambda found: dated_text(*found.position))
        return PayoutPage(payouts=[view_payout(found, now=now) for found in page], next=following)

    @get(
        "/{redemption_id:str}",
        operation_id="getMyPayout",
        summary="What became of it",
        responses=NOT_MODIFIED | refusals(401, 404, 409),
    )
    async def read(
        self, redemption_id: RedemptionInPath, request: Request[Any, Any, Any], caller: Member, services: ServicesOf
    ) -> Response[PayoutView]:
        key = redemption_key(redemption_id)
        async with services.database.read() as session:
            member = await surviving_member(session, caller.member_id)
            if key[0] not in await family_of(await driver(session), member.member_id):
                raise PayoutNotFoundError
            found = await read_payout(session, key)
        return conditional(request, view_payout(found, now=services.clock()))
