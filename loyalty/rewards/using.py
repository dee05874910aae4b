"""Using an issued reward at a till by itself, exactly once: two tills that scan the same code find one winner."""

from datetime import datetime

from msgspec import Struct

from kernel.database import WriteSession, driver
from kernel.errors import UnprocessableError
from loyalty.holds import SpendingBlockedError
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.writing import write_accounts
from loyalty.models import Redemption
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.rewards import DISCOUNT_KINDS, Reward
from loyalty.programme.versions import Programmes
from loyalty.purchases.context import earning_purchase, load_context
from loyalty.purchases.sale import Sale
from loyalty.quoting import cannot_spend
from loyalty.rewards.discounting import Discount, discount_of
from loyalty.rewards.ending import lock_redemption, require_open
from loyalty.rewards.finding import key_of_code
from loyalty.rewards.issuing import note_changes
from loyalty.rewards.vouchers import Place, elsewhere, find_voucher, is_of_another, use_voucher

_NOTHING = Discount(0, {})


class RedemptionRefusedError(UnprocessableError):
    """It cannot be used here: ``reason`` is ``store``, ``channel``, ``below_minimum_basket``, ``nothing_eligible``,
    ``basket_needed``, or ``member`` for a basket of somebody else."""

    code = "redemption_refused"
    title = "This reward cannot be used here or for this basket."


class UsedRedemption(Struct, frozen=True):
    """A redemption that was used now, and what the till takes off for it."""

    redemption: Redemption
    discount: Discount


async def use_redemption(
    session: WriteSession,
    code: str,
    sale: Sale | None,
    *,
    place: Place,
    channel: str,
    programmes: Programmes,
    actor: str,
    now: datetime,
) -> UsedRedemption:
    """Use what ``code``, in its kept form, shows, for the basket of ``sale``, which a discount needs.

    Raises ``RedemptionNotFoundError``, ``RedemptionNotOpenError``, ``SpendingBlockedError`` and
    ``RedemptionRefusedError``.
    """
    connection = await driver(session)
    key = await key_of_code(session, code)
    account, redemption = await lock_redemption(session, key, now=now)
    require_open(redemption, now=now)
    if cannot_spend(account):
        raise SpendingBlockedError
    voucher = await find_voucher(session, code, programmes)
    if sale is not None and is_of_another(voucher, sale.member_id):
        raise RedemptionRefusedError(reason="member")
    require_place(voucher.reward, store_id=place.store_id, channel=channel)
    discount = _NOTHING
    if voucher.reward.effect.kind in DISCOUNT_KINDS:
        discount = await _discount(session, voucher.reward, sale, programmes.at(now).document, now=now)
    act = Act(Cause("redemption", redemption.redemption_no), actor, now, now)
    use_voucher(voucher, account, act, place=place)
    redemption.discount_minor = discount.minor
    await write_accounts(connection, [account])
    await note_changes(session, [redemption], now=now)
    return UsedRedemption(redemption, discount)


def require_place(reward: Reward, *, store_id: str, channel: str) -> None:
    """Raises ``RedemptionRefusedError`` where the reward is not for this store or channel."""
    if reason := elsewhere(reward, store_id=store_id, channel=channel):
        raise RedemptionRefusedError(reason=reason)


async def _discount(
    session: WriteSession, reward: Reward, sale: Sale | None, document: ProgrammeDocument, *, now: datetime
) -> Discount:
    if sale is None:
        raise RedemptionRefusedError(reason="basket_needed")
    context = await load_context(await driver(session), [sale], [], days={now.date()})
    basket = earning_purchase(sale, occurred_at=now, zone="UTC", items=context.items, points_minor={})
    discount = discount_of(reward.effect, basket, minimum_line_minor=document.spending.minimum_line_minor)
    if discount.reason:
        raise RedemptionRefusedError(reason=discount.reason)
    return discount
