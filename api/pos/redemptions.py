"""``/v1/pos/redemptions``: rewards that customers show, looked at and used."""

from datetime import datetime
from typing import Final

from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Struct
from msgspec.structs import replace

from api import fields
from api.callers import TerminalCaller
from api.dependencies import ServicesOf, Terminal
from api.documented import created, write_refusals
from api.idempotency import Answered, IdempotencyKey, answer_once, canonical_body
from api.pos.baskets import Basket, to_sale
from api.pos.holds import EPOCH
from api.pos.sales import acting_place
from api.programmes import published_version
from api.rate_limits import Limit, limited
from api.redemptions import PaidPrice, text_in
from api.services import Services
from kernel.database import WriteSession
from loyalty.models import Redemption
from loyalty.purchases.sale import Code, Sale
from loyalty.rewards.codes import code_of, redemption_id
from loyalty.rewards.discounting import Discount
from loyalty.rewards.finding import key_of_code, read_redemption
from loyalty.rewards.states import state_at
from loyalty.rewards.using import use_redemption
from loyalty.rewards.vouchers import Place

REDEMPTION_CODES: Final = Limit("redemption_codes", 60, 60)
"""Guesses at codes: together with their length they make one an accident of centuries."""


class ShownRedemption(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer shows."""

    code: fields.RedemptionCode
    terminal: Code | None = None


class RedemptionUse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer shows, and for a discount the basket that it is for."""

    code: fields.RedemptionCode
    basket: Basket | None = None
    terminal: Code | None = None


class ShownReward(Struct, frozen=True, kw_only=True):
    """A redemption as a till sees it. It says nothing about the member."""

    id: str
    reward: str
    name: str
    kind: str
    state: str
    """Only ``issued`` can be used."""
    prices: list[PaidPrice]
    """Paid when it was issued; the till takes none of it."""
    price_minor: int
    """Money that the till takes for it."""
    expires_at: datetime | None
    discount_minor: int
    """What is taken off the basket, of which each line bears its part."""
    lines: dict[str, int]


class PosRedemptions(Controller):
    """Rewards at a till."""

    path = "/v1/pos/redemptions"
    tags = ("Till: rewards",)
    guards = (limited(REDEMPTION_CODES),)

    @post(
        "/lookups",
        operation_id="lookUpRedemption",
        summary="What does this code show?",
        description="In the body, since URLs are logged. Nothing is used; a quote says what it takes off a basket.",
        status_code=200,
        responses=write_refusals(401, 404, 422, 429),
    )
    async def look_up(self, data: JSONBody[ShownRedemption], caller: Terminal, services: ServicesOf) -> ShownReward:
        acting_place(caller, data.terminal)
        code = code_of(data.code)
        async with services.database.read() as session:
            redemption = await read_redemption(session, await key_of_code(session, code))
        return await _view(services, redemption, Discount(0, {}), now=services.clock())

    @post(
        operation_id="useRedemption",
        summary="Use a reward, once",
        description=(
            "For a till that gives something out, or takes a discount off, without naming the code in the purchase. Of "
            "two tills one succeeds; the other is answered `redemption_not_open`. A purchase that names the code "
            "afterwards, from this terminal, is the sale that it was used in."
        ),
        responses=created(ShownReward) | write_refusals(401, 403, 404, 422, 429),
    )
    async def use(
        self, data: JSONBody[RedemptionUse], caller: Terminal, services: ServicesOf, idempotency_key: IdempotencyKey
    ) -> Answered:
        acting = acting_place(caller, data.terminal)
        code = code_of(data.code)
        sale = await _sale(services, caller, data.basket)
        place = Place(acting.store_id, acting.terminal_id, caller.cashier_id)

        async def act(session: WriteSession, now: datetime) -> ShownReward:
            used = await use_redemption(
                session,
                code,
                sale,
                place=place,
                channel=sale.channel if sale else acting.kind,
                programmes=services.programmes,
                actor=caller.actor,
                now=now,
            )
            return await _view(services, used.redemption, used.discount, now=now)

        compared = {"code": code, "at": acting.terminal_id, "sale": sale and replace(sale, stated_at=EPOCH)}
        body = canonical_body("useRedemption", compared)
        return await answer_once(services, caller, idempotency_key, body, act, rehearsal=caller.training)


async def _sale(services: Services, caller: TerminalCaller, basket: Basket | None) -> Sale | None:
    return None if basket is None else (await to_sale(services, caller, basket))[0]


async def _view(services: Services, redemption: Redemption, discount: Discount, *, now: datetime) -> ShownReward:
    programme = await published_version(services, redemption.programme_version)
    reward = programme.rewards[redemption.reward]
    return ShownReward(
        id=redemption_id(redemption.member_id, redemption.redemption_no),
        reward=redemption.reward,
        name=text_in(reward.names, programme.document.fallback_language, programme),
        kind=redemption.kind,
        state=state_at(redemption, now),
        prices=[PaidPrice(wallet=price["wallet"], points=price["points"]) for price in redemption.prices],
        price_minor=redemption.price_minor,
        expires_at=redemption.expires_at,
        discount_minor=discount.minor,
        lines=discount.by_line,
    )
