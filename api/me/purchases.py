"""One purchase of the member, with the reason for each of its points."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import PathParameter
from msgspec import Struct

from api.dependencies import Member, ServicesOf
from api.documented import NOT_MODIFIED, refusals
from api.etags import conditional
from api.languages import AcceptLanguage, choose_language, in_language
from api.programmes import published_version
from api.services import Services
from kernel.database import driver
from loyalty.earning.explaining import explain
from loyalty.members.family import family_of
from loyalty.members.survivors import surviving_member
from loyalty.programme.languages import best_language
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.reading import BookedPurchase, BoughtLine, read_purchase
from loyalty.receipts import member_and_number, purchase_id, refund_id

PurchaseInPath = Annotated[str, PathParameter(description="Public id of a purchase: `pur_...`", max_length=64)]


class PurchaseLineView(Struct, frozen=True, kw_only=True):
    """A line. Amounts are minor units; quantities are decimal text."""

    id: str
    sku: str
    name: str | None
    """Of the catalogue, in the answer's language."""
    quantity: str
    amount_minor: int
    discount_minor: int
    points_minor: int
    """What points paid of it."""
    refunded_quantity: str


class RefundOfPurchase(Struct, frozen=True, kw_only=True):
    """Goods that came back. Points by wallet; a positive ``taken`` had been earned, ``returned`` had been spent."""

    id: str
    store_name: str | None
    occurred_at: datetime
    amount_minor: int
    cash_minor: int
    taken: dict[str, int]
    returned: dict[str, int]


class RuleExplanation(Struct, frozen=True, kw_only=True):
    """What one rule did with this purchase. ``outcome`` is ``paid``, ``multiplied`` or ``missed``."""

    rule: str
    name: str
    programme_version: int
    outcome: str
    wallet: str
    points: int
    basis: str
    """What was counted: minor units, or items."""
    arithmetic: str
    """For example ``19 x 1.5 = 28.5 -> 28``: the exact amount, its multipliers, the rounding."""
    before_limits: int
    cut_by: str
    """The limit that cut the points: day, week, month, lifetime or budget; empty when none did."""
    reason: str
    """Why it missed: ``store``, ``window``, ``tier``, ``condition_false``, ``lost_to``, ``capped``, ...; may grow."""
    detail: str


class PurchaseView(Struct, frozen=True, kw_only=True):
    """A purchase. Money is in minor units of ``currency``."""

    id: str
    store_id: str
    store_name: str | None
    channel: str
    occurred_at: datetime
    currency: str
    total_minor: int
    discount_minor: int
    points_spent: int
    points_spent_minor: int
    spent_wallet: str | None
    earned: dict[str, int]
    """Points by wallet at the sale; what refunds took is with them."""
    voided: bool
    lines: list[PurchaseLineView]
    refunds: list[RefundOfPurchase]
    explanation: list[RuleExplanation]
    """Every rule of the programme's version: those that paid, the multipliers, those that missed."""
    not_evaluated: list[str]
    """Why nothing was evaluated, where nothing was: ``member_blocked``, ``earning_frozen``."""


@get(
    "/v1/me/purchases/{purchase_id:str}",
    operation_id="getMyPurchase",
    summary="One of the own purchases, each rule explained",
    description="Purchases of a card that was merged into this membership are the member's own too.",
    tags=["Member: points"],
    responses=NOT_MODIFIED | refusals(401, 404, 409),
)
async def my_purchase(
    purchase_id: PurchaseInPath,
    request: Request[Any, Any, Any],
    caller: Member,
    services: ServicesOf,
    accept_language: AcceptLanguage = None,
) -> Response[PurchaseView]:
    async with services.database.read() as session:
        connection = await driver(session)
        member = await surviving_member(session, caller.member_id)
        family = await family_of(connection, member.member_id)
        purchase = await read_purchase(connection, member_and_number("pur", purchase_id), family=family)
    view, language = await explain_purchase(services, purchase, accept_language, member.language)
    return in_language(conditional(request, view), language)


async def explain_purchase(
    services: Services, purchase: BookedPurchase, accept_language: str | None, own_language: str
) -> tuple[PurchaseView, str]:
    """The purchase with each rule explained, and the language of the explanation."""
    programme = await published_version(services, purchase.programme_version)
    language = choose_language(accept_language, own_language, programme.document)
    return view_purchase(purchase, _explanation(purchase, programme, language), language), language


def _explanation(purchase: BookedPurchase, programme: ProgrammeSnapshot, language: str) -> list[RuleExplanation]:
    if purchase.evaluation is None:
        return []
    rows = explain(purchase.evaluation, programme, language=language)
    return [RuleExplanation(**msgspec.structs.asdict(row)) for row in rows]


def view_purchase(purchase: BookedPurchase, explanation: list[RuleExplanation], language: str) -> PurchaseView:
    """A purchase as its member sees it."""
    return PurchaseView(
        id=purchase_id(purchase.member_id, purchase.purchase_no),
        store_id=purchase.store_id,
        store_name=purchase.store_name,
        channel=purchase.channel,
        occurred_at=purchase.occurred_at,
        currency=purchase.currency,
        total_minor=purchase.total_minor,
        discount_minor=purchase.discount_minor,
        points_spent=purchase.points_spent,
        points_spent_minor=purchase.points_spent_minor,
        spent_wallet=purchase.spent_wallet,
        earned=dict(purchase.earned),
        voided=purchase.voided,
        lines=[_line(line, language) for line in purchase.lines],
        refunds=[
            RefundOfPurchase(
                id=refund_id(purchase.member_id, back.refund_no),
                store_name=back.store_name,
                occurred_at=back.occurred_at,
                amount_minor=back.amount_minor,
                cash_minor=back.cash_minor,
                taken={effect.wallet: effect.taken for effect in back.effects if effect.taken},
                returned={effect.wallet: effect.returned for effect in back.effects if effect.returned},
            )
            for back in purchase.returns
        ],
        explanation=explanation,
        not_evaluated=list(purchase.not_evaluated),
    )


def _line(line: BoughtLine, language: str) -> PurchaseLineView:
    fallback = next(iter(line.names), "")
    return PurchaseLineView(
        id=line.line_id,
        sku=line.sku,
        name=line.names.get(best_language(language, frozenset(line.names), fallback)),
        quantity=f"{line.quantity.normalize():f}",
        amount_minor=line.amount_minor,
        discount_minor=line.discount_minor,
        points_minor=line.points_minor,
        refunded_quantity=f"{line.refunded_quantity.normalize():f}",
    )
