"""``/v1/me/redemptions``: rewards that were issued to the member."""

from datetime import datetime
from typing import Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.callers import MemberCaller
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, dated_position, dated_text
from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, created, refusals, write_refusals
from api.etags import conditional
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.languages import AcceptLanguage, choose_language
from api.pictures import SVG, qr_picture
from api.programmes import published_version
from api.rate_limits import Limit, limited
from api.redemptions import RedemptionInPath, RedemptionView, view_redemption
from api.services import Services
from kernel.database import ReadSession, WriteSession, driver
from loyalty.members.family import family_of
from loyalty.members.survivors import surviving_member
from loyalty.models import Redemption
from loyalty.rewards.codes import RedemptionNotFoundError, redemption_key
from loyalty.rewards.ending import cancel_redemption, require_open
from loyalty.rewards.finding import list_own, read_redemption
from loyalty.rewards.issuing import issue_reward
from loyalty.rewards.states import is_shown

REDEMPTIONS: Final = Limit("redemptions", 60, 600)


class NewRedemption(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which reward."""

    reward: fields.RewardCode


class RedemptionPage(Struct, frozen=True, kw_only=True):
    """The last issued first. ``next`` is the cursor of the next page; null on the last."""

    redemptions: list[RedemptionView]
    next: str | None


class MyRedemptions(Controller):
    """Rewards of the signed-in member."""

    path = "/v1/me/redemptions"
    tags = ("Member: rewards",)

    @post(
        operation_id="createMyRedemption",
        summary="Have a reward issued",
        description=(
            "Its points are set aside at once, so that neither another app nor a till can use them, and are spent when "
            "it is used; a gift's are spent now. All prices are paid, or nothing is issued. A refusal lists every "
            "reason."
        ),
        guards=[limited(REDEMPTIONS)],
        responses=created(RedemptionView) | write_refusals(401, 404, 422, 429),
    )
    async def create(
        self,
        data: JSONBody[NewRedemption],
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
        accept_language: AcceptLanguage = None,
    ) -> Answered:
        async def act(session: WriteSession, now: datetime) -> RedemptionView:
            redemption = await issue_reward(
                session,
                caller.member_id,
                data.reward,
                programme=services.programmes.at(now),
                actor=caller.actor,
                now=now,
            )
            return await view_own(session, services, caller, redemption, accept_language, now=now)

        body = canonical_body("createMyRedemption", data)
        return await answer_once(services, caller, idempotency_key, body, act)

    @get(
        operation_id="listMyRedemptions",
        summary="Rewards that were issued",
        responses=refusals(401, 404, 409),
    )
    async def list_page(
        self,
        caller: Member,
        services: ServicesOf,
        cursor: PageCursor = None,
        limit: PageLimit = DEFAULT_PER_PAGE,
        accept_language: AcceptLanguage = None,
    ) -> RedemptionPage:
        now = services.clock()
        before = dated_position(cursor)
        async with services.database.read() as session:
            member = await surviving_member(session, caller.member_id)
            family = await family_of(await driver(session), member.member_id)
            rows = await list_own(session, family, before=before, limit=limit + 1)
            page, following = cut(rows, limit, _position)
            views = [await view_own(session, services, caller, row, accept_language, now=now) for row in page]
        return RedemptionPage(redemptions=views, next=following)

    @get(
        "/{redemption_id:str}",
        operation_id="getMyRedemption",
        summary="A reward that was issued",
        description="While it can be used, with the code that the till scans.",
        responses=NOT_MODIFIED | refusals(401, 404, 409),
    )
    async def read(
        self,
        redemption_id: RedemptionInPath,
        request: Request[Any, Any, Any],
        caller: Member,
        services: ServicesOf,
        accept_language: AcceptLanguage = None,
    ) -> Response[RedemptionView]:
        async with services.database.read() as session:
            redemption = await own_redemption(session, caller, redemption_id)
            view = await view_own(session, services, caller, redemption, accept_language, now=services.clock())
        return conditional(request, view)

    @get(
        "/{redemption_id:str}/qr",
        operation_id="getMyRedemptionQr",
        summary="The code as a picture",
        description="A QR code whose text is the redemption's `code`, as SVG. 409 once it cannot be used any more.",
        media_type=SVG,
        responses=refusals(401, 404, 409),
    )
    async def picture(self, redemption_id: RedemptionInPath, caller: Member, services: ServicesOf) -> Response[bytes]:
        async with services.database.read() as session:
            redemption = await own_redemption(session, caller, redemption_id)
        require_open(redemption, now=(now := services.clock()))
        if not is_shown(redemption, now):
            raise RedemptionNotFoundError
        return qr_picture(redemption.shown_code)

    @post(
        "/{redemption_id:str}/cancellation",
        operation_id="cancelMyRedemption",
        summary="Give a reward back",
        description="Only one that was not used. Its points can be spent again at once.",
        responses=created(RedemptionView) | write_refusals(401, 404),
    )
    async def cancel(
        self,
        redemption_id: RedemptionInPath,
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
        accept_language: AcceptLanguage = None,
    ) -> Answered:
        key = redemption_key(redemption_id)

        async def act(session: WriteSession, now: datetime) -> RedemptionView:
            member = await surviving_member(session, caller.member_id)
            redemption = await cancel_redemption(
                session,
                key,
                document=services.programmes.at(now).document,
                actor=caller.actor,
                by_member=member.member_id,
                now=now,
            )
            return await view_own(session, services, caller, redemption, accept_language, now=now)

        body = canonical_body("cancelMyRedemption", {"redemption_id": key})
        return await answer_once(services, caller, idempotency_key, body, act)


async def own_redemption(session: ReadSession, caller: MemberCaller, public_id: str) -> Redemption:
    """The caller's own, or of somebody merged into them. Raises ``RedemptionNotFoundError``."""
    key = redemption_key(public_id)
    member = await surviving_member(session, caller.member_id)
    if key[0] not in await family_of(await driver(session), member.member_id):
        raise RedemptionNotFoundError
    return await read_redemption(session, key)


async def view_own(
    session: ReadSession,
    services: Services,
    caller: MemberCaller,
    redemption: Redemption,
    accept_language: str | None,
    *,
    now: datetime,
) -> RedemptionView:
    """The caller's redemption in their language."""
    programme = await published_version(services, redemption.programme_version)
    own = (await surviving_member(session, caller.member_id)).language
    language = choose_language(accept_language, own, programme.document)
    return view_redemption(redemption, programme, language=language, now=now)


def _position(redemption: Redemption) -> str:
    return dated_text(redemption.issued_at, redemption.member_id, redemption.redemption_no)
