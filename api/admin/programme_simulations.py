"""One case tried out: points, rules and reasons, and nothing written."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from api import fields
from api.dependencies import ServicesOf, Staff
from api.documented import refusals
from api.me.purchases import RuleExplanation
from api.parameters import as_utc
from api.security.permissions import Permission, PermissionMissingError, has_permission, requires_permission
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.explaining import explain
from loyalty.earning.freezing import freeze
from loyalty.earning.purchase import MemberFacts
from loyalty.members.ids import member_id_of
from loyalty.programme.finding import ProgrammeName, compile_named
from loyalty.programme.snapshot import ProgrammeSnapshot
from loyalty.purchases.sale import MAX_LINES, Code, Minor, ReceiptRef, Sale, SaleLine, SaleTender, SignedMinor
from loyalty.quoting import quote_sale
from loyalty.simulating import simulate_for_facts

_NO_RECEIPT = ReceiptRef(number="-", shift="-")
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class SimulatedMember(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody made up. What is left out is as for a new member; segments with a condition follow from the rest."""

    tier: Annotated[str, Meta(max_length=64, examples=["gold"])] = ""
    segments: Annotated[tuple[fields.Code, ...], Meta(max_length=1_000)] = ()
    language: Annotated[str, Meta(max_length=16, examples=["en"])] = ""
    purchases_count: Count = 0
    days_since_purchase: Count | None = None
    spend_minor: SignedMinor = 0
    age_days: Count = 0
    is_birthday: bool = False
    balance_points: SignedMinor = 0


class SimulatedSale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A basket at a store, under a draft, a version, or what is in force then."""

    draft_id: fields.Code | None = None
    version: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    store_id: fields.Code
    currency: fields.Currency
    lines: Annotated[tuple[SaleLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    total_minor: Minor
    discount_minor: Minor = 0
    rounding_minor: SignedMinor = 0
    tenders: Annotated[tuple[SaleTender, ...], Meta(max_length=50)] = ()
    channel: Code = "till"
    at: Annotated[datetime, Meta(tz=True, examples=["2026-03-01T09:00:00Z"])] | None = None
    """When it is bought. Null: now."""
    member_id: fields.MemberId | None = None
    """A member as they are; needs ``members:read``."""
    facts: SimulatedMember | None = None
    """Where there is no ``member_id``; null: somebody who has never bought. Nothing of any limit has been used then."""


class SimulationAnswer(Struct, frozen=True, kw_only=True):
    """What the basket would earn."""

    programme_version: int | None
    """Null for a draft."""
    points: dict[str, int]
    """By wallet; those that get nothing are absent."""
    segments: list[str]
    """Of the member, as far as rules ask about them."""
    rules: list[RuleExplanation]
    """Every rule: those that pay, the multipliers, those that miss, each with its arithmetic or its reason."""
    not_evaluated: str | None
    """Null, or why the member earns nothing at all: ``cannot_earn``."""


@post(
    "/v1/admin/programme/simulations",
    operation_id="simulateSale",
    summary="Try a basket out",
    description="Points, rules and reasons, under a draft or a version, for a member or for made-up facts. No trace.",
    tags=["Staff: programme"],
    status_code=200,
    guards=[requires_permission(Permission.PROGRAMME_READ)],
    responses=refusals(401, 403, 404, 409, 413, 422),
)
async def simulate_sale(data: JSONBody[SimulatedSale], caller: Staff, services: ServicesOf) -> SimulationAnswer:
    if data.member_id is not None and not has_permission(caller, Permission.MEMBERS_READ):
        raise PermissionMissingError(permission=Permission.MEMBERS_READ.value)
    at = as_utc(data.at, "at") or services.clock()
    name = ProgrammeName(draft_id=data.draft_id, version=data.version)
    async with services.database.read() as session:
        programme = await compile_named(session, name, services.programmes, now=at)
    sale = _sale(data, at)
    async with services.database.reading() as connection:
        if sale.member_id is None:
            told = data.facts or SimulatedMember()
            facts = MemberFacts(**msgspec.structs.asdict(told) | {"segments": frozenset(told.segments)})
            evaluation: Evaluation | None = await simulate_for_facts(connection, sale, facts, programme, at=at)
        else:
            quote = await quote_sale(connection, sale, spend_points=0, programme=programme, now=at)
            evaluation = quote.evaluation
    return _answer(evaluation, programme)


def _sale(data: SimulatedSale, at: datetime) -> Sale:
    return Sale(
        store_id=data.store_id,
        terminal_id="simulation",
        cashier_id=None,
        channel=data.channel,
        member_id=None if data.member_id is None else member_id_of(data.member_id),
        receipt=_NO_RECEIPT,
        stated_at=at,
        currency=data.currency,
        lines=data.lines,
        discount_minor=data.discount_minor,
        rounding_minor=data.rounding_minor,
        tenders=data.tenders,
        total_minor=data.total_minor,
    )


def _answer(evaluation: Evaluation | None, programme: ProgrammeSnapshot) -> SimulationAnswer:
    version = programme.version or None
    if evaluation is None:
        return SimulationAnswer(
            programme_version=version, points={}, segments=[], rules=[], not_evaluated="cannot_earn"
        )
    rows = explain(freeze(evaluation), programme, language=programme.document.fallback_language)
    return SimulationAnswer(
        programme_version=version,
        points=evaluation.points_by_wallet,
        segments=sorted(evaluation.member.segments),
        rules=[RuleExplanation(**msgspec.structs.asdict(row)) for row in rows],
        not_evaluated=None,
    )
