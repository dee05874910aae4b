"""``POST /v1/pos/quotes``: what would this basket earn, and how many points may pay?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody
from litestar.types import Scope
from msgspec import Meta, Struct

from api import fields
from api.callers import TerminalCaller
from api.dependencies import ServicesOf, Terminal
from api.documented import refusals
from api.idempotency import Answered
from api.pos.baskets import Basket, to_sale
from api.pos.printing import quote_texts
from api.pos.quote_tokens import issue_quote_token
from api.pos.receipts import RuleOutcome
from api.pos.sales import MAX_REDEMPTIONS, kept_codes
from api.requests import decode_body
from api.services import Services
from api.short_way import ShortWay
from loyalty.earning.evaluation import Evaluation
from loyalty.ledger.account import available
from loyalty.members.ids import member_public_id
from loyalty.programme.document import ProgrammeDocument
from loyalty.purchases.sale import Sale
from loyalty.quoting import Quote, quote_sale, spending_wallet
from loyalty.rewards.pricing import price_with_vouchers

Points = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class QuoteRequest(Basket, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A basket, and the points that the member would like to spend on it."""

    spend_points: Points = 0
    redemptions: Annotated[tuple[fields.RedemptionCode, ...], Meta(max_length=MAX_REDEMPTIONS)] = ()
    """Codes of issued rewards that the customer shows. Points pay of what they leave."""


class QuotedRedemption(Struct, frozen=True, kw_only=True):
    """What a shown reward takes off; it is not used by asking."""

    code: str
    reward: str | None
    """Null for a code that shows nothing."""
    reason: str
    """Empty, or why it takes nothing off: unknown, member (of somebody else), used, cancelled, expired, store, channel,
    below_minimum_basket, nothing_eligible, no_discount (something to hand over)."""
    price_minor: int
    """Money that the till takes for it, which is no line of the basket."""
    discount_minor: int
    lines: dict[str, int]
    """An exact sum: to be put on the lines as their discounts."""


class LineDiscount(Struct, frozen=True, kw_only=True):
    """What points pay of one line."""

    line: str
    points_minor: int


class SpendOutlook(Struct, frozen=True, kw_only=True):
    """What may be spent on this basket. All points are of ``wallet``; money is in minor units."""

    wallet: str
    available_points: int
    max_points: int
    max_minor: int
    minimum_points: int
    step_points: int
    reason: str
    """Empty, or why nothing may be spent: insufficient_points, below_minimum, nothing_eligible, not_for_payment."""
    mode: str
    """``discount`` lowers the price, ``payment`` is a tender."""
    proof_needed: bool


class WalletPoints(Struct, frozen=True, kw_only=True):
    wallet: str
    points: int


class QuoteAnswer(Struct, frozen=True, kw_only=True):
    """A quote leaves no trace. Its ``token`` keeps the programme's version for the purchase."""

    token: str
    valid_seconds: int
    programme_version: int
    member_id: str | None
    earn: tuple[WalletPoints, ...]
    rules: tuple[RuleOutcome, ...]
    redemptions: tuple[QuotedRedemption, ...]
    spend: SpendOutlook | None
    """Null for a guest."""
    spend_points: int
    spend_minor: int
    lines: tuple[LineDiscount, ...]
    """The allocation of ``spend_minor``: an exact sum."""
    to_pay_minor: int
    print: tuple[str, ...]
    prompt: str
    """For the cashier to say."""


async def _quote_plainly(scope: Scope, body: bytes) -> Answered:
    services: Services = scope["litestar_app"].state.services
    caller: TerminalCaller = scope["user"]
    return Answered(200, msgspec.json.encode(await _quote(services, caller, decode_body(body, QuoteRequest))))


@post(
    "/v1/pos/quotes",
    operation_id="quoteBasket",
    summary="Quote a basket",
    description="Points that the basket would earn, points that may be spent, and their allocation per line. No trace.",
    tags=["Till: sales"],
    status_code=200,
    responses=refusals(401, 404, 409, 413, 422),
    middleware=[ShortWay(_quote_plainly)],
)
async def quote_basket(data: JSONBody[QuoteRequest], caller: Terminal, services: ServicesOf) -> QuoteAnswer:
    return await _quote(services, caller, data)


async def _quote(services: Services, caller: TerminalCaller, data: QuoteRequest) -> QuoteAnswer:
    sale, _ = await to_sale(services, caller, data)
    now = services.clock()
    programme = services.programmes.at(now)
    sale, redemptions = await _redeem(services, sale, data.redemptions, programme.document, now=now)
    async with services.database.reading() as connection:
        quote = await quote_sale(connection, sale, spend_points=data.spend_points, programme=programme, now=now)
    valid_seconds = programme.document.till.quote_valid_seconds
    texts = quote_texts(quote)
    return QuoteAnswer(
        token=issue_quote_token(services.signing_keys, programme.version, valid_seconds=valid_seconds, now=now),
        valid_seconds=valid_seconds,
        programme_version=programme.version,
        member_id=member_public_id(quote.account.member_id) if quote.account else None,
        earn=_earn(quote.evaluation),
        rules=_rules(quote.evaluation),
        redemptions=redemptions,
        spend=_outlook(quote, now=now),
        spend_points=quote.spend.points,
        spend_minor=quote.spend.minor,
        lines=tuple(
            LineDiscount(line=line_id, points_minor=share) for line_id, share in quote.spend.minor_by_line.items()
        ),
        to_pay_minor=sale.total_minor - quote.spend.minor,
        print=texts.printed,
        prompt=texts.prompt,
    )


async def _redeem(
    services: Services, sale: Sale, shown: Sequence[str], document: ProgrammeDocument, *, now: datetime
) -> tuple[Sale, tuple[QuotedRedemption, ...]]:
    """The basket at its lower price, and what each shown reward took off."""
    if not shown:
        return sale, ()
    async with services.database.read() as session:
        lowered, priced = await price_with_vouchers(
            session, sale, kept_codes(shown), programmes=services.programmes, document=document, now=now
        )
    return lowered, tuple(
        QuotedRedemption(
            code=one.code,
            reward=one.voucher.redemption.reward if one.voucher else None,
            reason=one.reason,
            price_minor=one.voucher.redemption.price_minor if one.voucher else 0,
            discount_minor=one.minor,
            lines=one.by_line,
        )
        for one in priced
    )


def _earn(evaluation: Evaluation | None) -> tuple[WalletPoints, ...]:
    points = evaluation.points_by_wallet if evaluation else {}
    return tuple(WalletPoints(wallet=wallet, points=amount) for wallet, amount in sorted(points.items()))


def _rules(evaluation: Evaluation | None) -> tuple[RuleOutcome, ...]:
    fired = evaluation.fired if evaluation else ()
    return tuple(RuleOutcome(rule=paid.rule, points=paid.points) for paid in fired)


def _outlook(quote: Quote, *, now: datetime) -> SpendOutlook | None:
    if quote.limits is None or quote.account is None:
        return None
    document = quote.programme.document
    settings, wallet = document.spending, spending_wallet(document)
    return SpendOutlook(
        wallet=wallet,
        available_points=available(quote.account, wallet, now),
        max_points=quote.limits.max_points,
        max_minor=quote.limits.max_minor,
        minimum_points=quote.limits.minimum_points,
        step_points=quote.limits.step_points,
        reason=quote.limits.reason,
        mode=settings.mode,
        proof_needed=settings.needs_proof,
    )
