"""Bringing friends: one's own code, the friends who came with it, and who brought oneself."""

from datetime import datetime
from typing import Annotated, Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.cursors import DEFAULT_PER_PAGE, PageCursor, PageLimit, cut, number_position
from api.dependencies import Member, ServicesOf
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body, veiled
from api.pictures import SVG, qr_picture
from api.rate_limits import Limit, address_of, limited
from api.referrals import ReferralCodeText, referral_settings
from api.services import Services
from kernel.database import WriteSession
from loyalty.members.survivors import surviving_member
from loyalty.models import Referral
from loyalty.referrals.attaching import refer
from loyalty.referrals.codes import own_code
from loyalty.referrals.errors import ReferralsOffError
from loyalty.referrals.listing import referrals_by
from loyalty.review.traces import traces_of

TRIES: Final = Limit("referral-codes", 20, 3_600)


class ReferralCodeView(Struct, frozen=True, kw_only=True):
    """What a member gives to friends."""

    code: Annotated[str, Meta(examples=["7KQ2MXRA"])]
    link: Annotated[str | None, Meta(examples=["https://zerno.example/i/7KQ2MXRA"])]
    """Where the code leads; null where the programme names no address."""


class FriendView(Struct, frozen=True, kw_only=True):
    """A friend who came with the member's code. It says nothing of who it is."""

    state: Annotated[str, Meta(examples=["rewarded"])]
    """``registered``, ``held`` (staff look at it), ``rewarded``, ``rejected`` or ``reversed``; may grow."""
    referred_at: datetime
    qualifies_until: datetime
    """Exclusive: by then the friend has to have bought something."""
    qualified_at: datetime | None
    """When the friend bought what counts."""
    milestone: int | None
    """The how-manyeth friend it was, once rewarded."""


class FriendPage(Struct, frozen=True, kw_only=True):
    """The latest first. ``counts`` are of all friends, by state; ``next`` is the cursor of the next page."""

    friends: list[FriendView]
    counts: Annotated[dict[str, int], Meta(examples=[{"registered": 1, "rewarded": 4}])]
    next: str | None


class NewReferral(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who brought the member: the code that they gave."""

    code: ReferralCodeText
    device_id: fields.DeviceId | None = None
    """The phone's own id, see ``createMemberSession``."""


class ReferralView(Struct, frozen=True, kw_only=True):
    """That the member was brought by somebody, and until when a purchase pays both."""

    state: Annotated[str, Meta(examples=["registered"])]
    qualifies_until: datetime


class MyReferrals(Controller):
    """What the signed-in member has to do with other members."""

    path = "/v1/me"
    tags = ("Member: referrals",)

    @get(
        "/referral-code",
        operation_id="getMyReferralCode",
        summary="One's own code for friends",
        description="It is made when it is first asked for, and stays.",
        responses=refusals(401, 404, 409),
    )
    async def read_code(self, caller: Member, services: ServicesOf) -> ReferralCodeView:
        return await _code_of(services, caller.member_id)

    @get(
        "/referral-code/qr",
        operation_id="getMyReferralQr",
        summary="The code as a picture",
        description="A QR code of the link, or of the code where there is none, as SVG.",
        media_type=SVG,
        responses=refusals(401, 404, 409),
    )
    async def picture(self, caller: Member, services: ServicesOf) -> Response[bytes]:
        shown = await _code_of(services, caller.member_id)
        return qr_picture(shown.link or shown.code)

    @get(
        "/referrals",
        operation_id="listMyReferrals",
        summary="Friends who came with one's code",
        responses=refusals(401, 404),
    )
    async def list_friends(
        self, caller: Member, services: ServicesOf, cursor: PageCursor = None, limit: PageLimit = DEFAULT_PER_PAGE
    ) -> FriendPage:
        async with services.database.read() as session:
            member = await surviving_member(session, caller.member_id)
            rows, counts = await referrals_by(session, member.member_id, below=number_position(cursor), limit=limit + 1)
        page, following = cut(rows, limit, lambda row: row.member_id)
        return FriendPage(friends=[view_friend(row) for row in page], counts=counts, next=following)

    @post(
        "/referral",
        operation_id="createMyReferral",
        summary="Say who brought one",
        description="Once, soon after joining, and before the first purchase. That purchase pays both sides.",
        guards=[limited(TRIES)],
        responses=created(ReferralView) | write_refusals(401, 404, 422, 429),
    )
    async def create(
        self,
        data: JSONBody[NewReferral],
        request: Request[Any, Any, Any],
        caller: Member,
        services: ServicesOf,
        idempotency_key: OptionalIdempotencyKey = None,
    ) -> Answered:
        traces = traces_of(data.device_id, address_of(request), lookup_key=services.lookup_key)

        async def act(session: WriteSession, now: datetime) -> ReferralView:
            settings = referral_settings(services, now)
            referral = await refer(session, caller.member_id, data.code, settings=settings, seen_with=traces, now=now)
            return ReferralView(state=referral.state, qualifies_until=referral.qualifies_until)

        kept = {"code": data.code, "device_id": veiled(services, data.device_id)}
        return await answer_once(services, caller, idempotency_key, canonical_body("createMyReferral", kept), act)


async def _code_of(services: Services, member_id: int) -> ReferralCodeView:
    now = services.clock()
    settings = referral_settings(services, now)
    if settings is None:
        raise ReferralsOffError
    async with services.database.write() as session:
        code = await own_code(session, member_id, now=now)
        await session.commit()
    return ReferralCodeView(code=code, link=settings.link.format(code=code) if settings.link else None)


def view_friend(row: Referral) -> FriendView:
    """A friend as their referrer sees them."""
    return FriendView(
        state=row.state,
        referred_at=row.referred_at,
        qualifies_until=row.qualifies_until,
        qualified_at=row.qualified_at,
        milestone=row.milestone,
    )
