"""Issued rewards as a till meets them: by their code, with what the reward said when it was issued."""

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.database import ReadSession, driver
from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act
from loyalty.ledger.forwarding import surviving_members
from loyalty.models import Redemption
from loyalty.programme.publishing import snapshot_of
from loyalty.programme.rewards import Reward
from loyalty.programme.versions import Programmes
from loyalty.rewards.codes import RedemptionNotFoundError
from loyalty.rewards.finding import key_of_code, read_redemption
from loyalty.rewards.paying import spend_held
from loyalty.rewards.states import state_at


@dataclass(frozen=True, slots=True)
class Voucher:
    """A redemption and its reward; ``owner_id`` is whose ledger its points are in, after any merges."""

    redemption: Redemption
    owner_id: int
    reward: Reward
    """As the version said that issued it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is used."""

    store_id: str
    terminal_id: str
    cashier_id: str | None


async def find_voucher(session: ReadSession, code: str, programmes: Programmes) -> Voucher:
    """By a code in its kept form, as it is stored now. Raises ``RedemptionNotFoundError``."""
    redemption = await read_redemption(session, await key_of_code(session, code))
    survivors = await surviving_members(await driver(session), [redemption.member_id])
    version = await snapshot_of(session, programmes, redemption.programme_version)
    owner_id = survivors.get(redemption.member_id, redemption.member_id)
    return Voucher(redemption, owner_id, version.rewards[redemption.reward])


async def find_vouchers(session: ReadSession, codes: Sequence[str], programmes: Programmes) -> dict[str, Voucher]:
    """Those of ``codes`` that exist."""
    found = {}
    for code in codes:
        try:
            found[code] = await find_voucher(session, code, programmes)
        except RedemptionNotFoundError:
            continue
    return found


def elsewhere(reward: Reward, *, store_id: str, channel: str) -> str:
    """``store`` or ``channel`` where the reward is for others; empty where it can be used."""
    if reward.stores and store_id not in reward.stores:
        return "store"
    return "channel" if reward.channels and channel not in reward.channels else ""


def is_of_another(voucher: Voucher, member_id: int | None) -> bool:
    """Whether a basket of ``member_id`` is not its owner's. A guest's may be anybody's."""
    return member_id is not None and member_id not in (voucher.owner_id, voucher.redemption.member_id)


def use_voucher(voucher: Voucher, account: Account, act: Act, *, place: Place) -> None:
    """Spend what is held for it and note where it went. It is open, and ``account`` is its owner's, locked."""
    redemption = voucher.redemption
    spend_held(redemption, account, act)
    redemption.state = "used"
    redemption.ended_at = act.now
    redemption.actor = act.actor
    redemption.store_id, redemption.terminal_id = place.store_id, place.terminal_id
    redemption.cashier_id = place.cashier_id


def use_in_sale(voucher: Voucher | None, account: Account, act: Act, *, place: Place) -> str:
    """Use what a completed sale of ``account`` names; ``act.cause.no`` is the sale's number. What cannot be used stops
    no sale.

    Answers a flag of the sale, empty when it was used: ``redemption_unknown`` for a code of nobody or of somebody else,
    ``redemption_not_open`` for one that was used, given back or too late. One that the same terminal has used by itself
    before belongs to the sale.
    """
    if voucher is None or is_of_another(voucher, account.member_id):
        return "redemption_unknown"
    redemption = voucher.redemption
    if state_at(redemption, act.now) == "issued":
        use_voucher(voucher, account, act, place=place)
    elif not _used_before_at(redemption, place):
        return "redemption_not_open"
    redemption.purchase_member_id, redemption.purchase_no = account.member_id, act.cause.no
    return ""


def _used_before_at(redemption: Redemption, place: Place) -> bool:
    """Whether the terminal has used it by itself, and no sale has named it yet."""
    return redemption.state == "used" and redemption.purchase_no is None and redemption.terminal_id == place.terminal_id
