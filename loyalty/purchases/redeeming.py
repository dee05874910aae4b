"""Issued rewards that a completed sale names: used with it, in one transaction. Pure."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from loyalty.earning.purchase import EarningPurchase
from loyalty.earning.shares import with_shares
from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act
from loyalty.models import Redemption
from loyalty.programme.document import ProgrammeDocument
from loyalty.purchases.sale import Sale
from loyalty.rewards.discounting import FREE_KIND, free_line
from loyalty.rewards.vouchers import Place, Voucher, elsewhere, use_in_sale


class Redeemed(Struct, frozen=True):
    """What a sale did with the codes that it names."""

    flags: tuple[str, ...] = ()
    used: tuple[Redemption, ...] = ()
    free_lines: frozenset[str] = frozenset()
    """Lines that rewards have made free: they earn nothing."""


def redeem(
    sale: Sale,
    basket: EarningPurchase,
    account: Account,
    act: Act,
    vouchers: Mapping[str, Voucher],
    document: ProgrammeDocument,
) -> Redeemed:
    """Use the rewards that ``sale`` names; ``account`` takes it in by ``act``. A code that is of no use is flagged.

    So is a reward that is not for this store or channel, ``redemption_elsewhere``: it was taken off, and is used.
    """
    flags: list[str] = []
    used: list[Redemption] = []
    free: set[str] = set()
    place = Place(sale.store_id, sale.terminal_id, sale.cashier_id)
    for code in sale.redemptions or ():
        voucher = vouchers.get(code)
        if missed := use_in_sale(voucher, account, act, place=place):
            flags.append(missed)
            continue
        assert voucher is not None, "what was used is known"
        used.append(voucher.redemption)
        if elsewhere(voucher.reward, store_id=sale.store_id, channel=sale.channel):
            flags.append("redemption_elsewhere")
        lines = [line for line in with_shares(basket).lines if line.line_id not in free]
        minimum = document.spending.minimum_line_minor
        if line_id := free_line(voucher.reward.effect, lines, minimum_line_minor=minimum):
            free.add(line_id)
    return Redeemed(tuple(dict.fromkeys(flags)), tuple(used), frozenset(free))


def with_free_lines(basket: EarningPurchase, free: frozenset[str]) -> EarningPurchase:
    """The basket in which no rule names the lines ``free``."""
    if not free:
        return basket
    lines = tuple(replace(line, kind=FREE_KIND) if line.line_id in free else line for line in basket.lines)
    return replace(basket, lines=lines)
