"""A basket with issued rewards, before it is sold: what each takes off, one after the other. Nothing is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from kernel.database import ReadSession, driver
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.versions import Programmes
from loyalty.purchases.context import Context, earning_purchase, load_context
from loyalty.purchases.sale import Sale, SaleLine
from loyalty.rewards.discounting import discount_of
from loyalty.rewards.states import state_at
from loyalty.rewards.vouchers import Voucher, elsewhere, find_vouchers, is_of_another


@dataclass(frozen=True, slots=True)
class PricedVoucher:
    """What a code does to the basket. ``reason`` is empty, or why it does nothing.

    ``unknown``, ``member`` (of somebody else), the state that it has come to (``used``, ``expired``, ...), ``store``,
    ``channel``, or a reason of ``Discount``.
    """

    code: str
    voucher: Voucher | None
    minor: int
    by_line: dict[str, int]
    reason: str = ""


async def price_with_vouchers(
    session: ReadSession,
    sale: Sale,
    codes: Sequence[str],
    *,
    programmes: Programmes,
    document: ProgrammeDocument,
    now: datetime,
) -> tuple[Sale, list[PricedVoucher]]:
    """The basket at its lower price, and what each of ``codes`` (in their kept form) took off, in their order.

    Each is of what those before it have left. One that is named twice counts once.
    """
    vouchers = await find_vouchers(session, codes, programmes)
    context = await load_context(await driver(session), [sale], [], days={now.date()})
    priced = []
    for code in dict.fromkeys(codes):
        one = _price(code, vouchers.get(code), sale, context, document, now=now)
        sale = _lowered(sale, one.by_line)
        priced.append(one)
    return sale, priced


def _price(
    code: str, voucher: Voucher | None, sale: Sale, context: Context, document: ProgrammeDocument, *, now: datetime
) -> PricedVoucher:
    def without(reason: str) -> PricedVoucher:
        return PricedVoucher(code, voucher, 0, {}, reason)

    if voucher is None:
        return without("unknown")
    if is_of_another(voucher, sale.member_id):
        return without("member")
    if (state := state_at(voucher.redemption, now)) != "issued":
        return without(state)
    if reason := elsewhere(voucher.reward, store_id=sale.store_id, channel=sale.channel):
        return without(reason)
    basket = earning_purchase(sale, occurred_at=now, zone="UTC", items=context.items, points_minor={})
    minimum = document.spending.minimum_line_minor
    discount = discount_of(voucher.reward.effect, basket, minimum_line_minor=minimum)
    return PricedVoucher(code, voucher, discount.minor, discount.by_line, discount.reason)


def _lowered(sale: Sale, by_line: dict[str, int]) -> Sale:
    if not by_line:
        return sale
    lines = tuple(_lowered_line(line, by_line.get(line.id, 0)) for line in sale.lines)
    return replace(sale, lines=lines, total_minor=max(0, sale.total_minor - sum(by_line.values())))


def _lowered_line(line: SaleLine, minor: int) -> SaleLine:
    """The line with a larger discount; the tax inside what is left shrinks with it."""
    if not minor:
        return line
    before = line.amount_minor - line.discount_minor
    tax_minor = line.tax_minor * (before - minor) // before
    return replace(line, discount_minor=line.discount_minor + minor, tax_minor=tax_minor)
