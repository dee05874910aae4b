"""A basket before it is sold: what quotes and holds are asked about."""

from typing import Annotated

from msgspec import Meta, Struct

from api.callers import TerminalCaller
from api.pos.sales import MemberRef, acting_place, resolve_reference
from api.security.member_tokens import Proof
from api.services import Services
from loyalty.purchases.sale import MAX_LINES, Code, Minor, ReceiptRef, Sale, SaleLine, SaleTender, SignedMinor

_NO_RECEIPT = ReceiptRef(number="-", shift="-")


class Basket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A basket as the till has it so far. ``total_minor``: lines less discounts plus rounding, before points."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", examples=["EUR"])]
    lines: Annotated[tuple[SaleLine, ...], Meta(min_length=1, max_length=MAX_LINES)]
    total_minor: Minor
    member: MemberRef | None = None
    discount_minor: Minor = 0
    rounding_minor: SignedMinor = 0
    tenders: Annotated[tuple[SaleTender, ...], Meta(max_length=50)] = ()
    terminal: Code | None = None
    channel: Code | None = None


async def to_sale(services: Services, caller: TerminalCaller, basket: Basket) -> tuple[Sale, Proof]:
    """The basket as the domain evaluates it, and how its member proved to be there.

    Raises what the resolving of references does.
    """
    acting = acting_place(caller, basket.terminal)
    now = services.clock()
    member_id, proof = await resolve_reference(services, caller, basket.member, at=now)
    sale = Sale(
        store_id=acting.store_id,
        terminal_id=acting.terminal_id,
        cashier_id=caller.cashier_id,
        channel=basket.channel or acting.kind,
        member_id=member_id,
        receipt=_NO_RECEIPT,
        stated_at=now,
        currency=basket.currency,
        lines=basket.lines,
        discount_minor=basket.discount_minor,
        rounding_minor=basket.rounding_minor,
        tenders=basket.tenders,
        total_minor=basket.total_minor,
    )
    return sale, proof
