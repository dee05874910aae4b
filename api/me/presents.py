"""Presents: a reward of the member for somebody else, and of somebody else for the member."""

from datetime import datetime
from typing import Final

from litestar import Controller, Response, delete, get, post
from litestar.params import JSONBody
from msgspec import Struct

from api import fields
from api.dependencies import Member, ServicesOf
from api.documented import created, refusals, write_refusals
from api.idempotency import Answered, OptionalIdempotencyKey, answer_once, canonical_body
from api.languages import AcceptLanguage
from api.me.redemptions import own_redemption, view_own
from api.pictures import SVG, qr_picture
from api.rate_limits import Limit, limited
from api.redemptions import RedemptionInPath, RedemptionView
from kernel.database import WriteSession
from loyalty.members.survivors import surviving_member
from loyalty.rewards.codes import PresentNotFoundError, present_code_of, redemption_key
from loyalty.rewards.ending import require_open
from loyalty.rewards.giving import claim_present, offer_present, withdraw_present

PRESENTS: Final = Limit("presents", 60, 600)
CLAIMS: Final = Limit("present_claims", 20, 600)
"""Guesses at codes, as at a till."""


class PresentClaim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the friend was shown or sent."""

    code: fields.PresentCode


class MyPresents(Controller):
    """Making a present of a reward."""

    path = "/v1/me/redemptions/{redemption_id:str}/present"
    tags = ("Member: rewards",)

    @post(
        operation_id="offerPresent",
        summary="Give a reward to somebody else",
        description=(
            "Answers it with `present_code`, to be shown or sent: whoever claims it first has the reward. Until then "
            "it can be used or taken back, and asking again answers the same code. What was a present is not given on."
        ),
        guards=[limited(PRESENTS)],
        responses=created(RedemptionView) | write_refusals(401, 403, 404, 429),
    )
    async def offer(
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
            redemption = await offer_present(
                session, key, programmes=services.programmes, by_member=member.member_id, now=now
            )
            return await view_own(session, services, caller, redemption, accept_language, now=now)

        body = canonical_body("offerPresent", {"redemption_id": key})
        return await answer_once(services, caller, idempotency_key, body, act)

    @delete(
        operation_id="withdrawPresent",
        summary="Take a present back",
        description="Its code claims nothing any more. 409 once it was claimed.",
        responses=refusals(401, 404, 409),
    )
    async def withdraw(self, redemption_id: RedemptionInPath, caller: Member, services: ServicesOf) -> None:
        key = redemption_key(redemption_id)
        async with services.database.write() as session:
            member = await surviving_member(session, caller.member_id)
            await withdraw_present(session, key, by_member=member.member_id, now=services.clock())
            await session.commit()

    @get(
        "/qr",
        operation_id="getPresentQr",
        summary="The present's code as a picture",
        description="A QR code whose text is `present_code`, as SVG.",
        media_type=SVG,
        responses=refusals(401, 404, 409),
    )
    async def picture(self, redemption_id: RedemptionInPath, caller: Member, services: ServicesOf) -> Response[bytes]:
        async with services.database.read() as session:
            redemption = await own_redemption(session, caller, redemption_id)
        if redemption.present_code is None:
            raise PresentNotFoundError
        require_open(redemption, now=services.clock())
        return qr_picture(redemption.present_code)


@post(
    "/v1/me/presents",
    operation_id="claimPresent",
    summary="Have what somebody gives away",
    description=(
        "The reward is the member's own from then on, with a code of its own. Once: of two who claim one has it, the "
        "other is answered `present_gone`. The claimer has to meet the reward's tiers, segments, condition and limits."
    ),
    tags=["Member: rewards"],
    guards=[limited(CLAIMS)],
    responses=created(RedemptionView) | write_refusals(401, 404, 422, 429),
)
async def claim_my_present(
    data: JSONBody[PresentClaim],
    caller: Member,
    services: ServicesOf,
    idempotency_key: OptionalIdempotencyKey = None,
    accept_language: AcceptLanguage = None,
) -> Answered:
    code = present_code_of(data.code)

    async def act(session: WriteSession, now: datetime) -> RedemptionView:
        redemption = await claim_present(
            session, code, caller.member_id, programmes=services.programmes, actor=caller.actor, now=now
        )
        return await view_own(session, services, caller, redemption, accept_language, now=now)

    body = canonical_body("claimPresent", {"code": code})
    return await answer_once(services, caller, idempotency_key, body, act)
