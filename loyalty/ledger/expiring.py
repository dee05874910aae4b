"""Expiry of a lot's free points, and the sliding expiry that activity renews."""

from datetime import datetime

from loyalty.earning.calendar import balance_expires_at
from loyalty.ledger.account import Account, note_due
from loyalty.ledger.entries import Act
from loyalty.ledger.lots import Lot
from loyalty.programme.policies import SLIDING_EXPIRY_KINDS, ExpiryPolicy


def is_sliding(lot: Lot) -> bool:
    """Whether the lot lives as long as the member is active."""
    return lot.expiry.kind in SLIDING_EXPIRY_KINDS


def is_past_expiry(account: Account, lot: Lot, instant: datetime) -> bool:
    """Whether free points of the lot would be gone at ``instant``."""
    ends = account.wallet(lot.wallet).sliding_expires_at if is_sliding(lot) else lot.expires_at
    return lot.activated_at is not None and ends is not None and ends <= instant


def expire_free(account: Account, lot: Lot, act: Act) -> None:
    """Expire what nobody holds. What a hold took stays usable by that hold."""
    if points := lot.free:
        entry = account.enter(lot.wallet, "member", "expired", points, "expired", act)
        account.move(lot, "expired", points, act, cause=act.cause, entry=entry)


def settle_freed(account: Account, lot: Lot, act: Act) -> None:
    """Points of the lot became free: gone if its time has passed, else known to become due later."""
    if is_past_expiry(account, lot, act.instant):
        expire_free(account, lot, act)
    else:
        wallet = account.touch_wallet(lot.wallet)
        note_due(wallet, lot.available_from if lot.activated_at is None else lot.expires_at)
        if is_sliding(lot):
            note_due(wallet, wallet.sliding_expires_at)


def renew_sliding(account: Account, wallet_code: str, policies: list[ExpiryPolicy], instant: datetime) -> None:
    """The member was active at ``instant``: points under the sliding ``policies`` live on from there.

    The instant never moves back, so that a late receipt shortens nothing.
    """
    wallet = account.wallet(wallet_code)
    for policy in policies:
        ends = balance_expires_at(policy, instant, account.zone)
        if ends is not None and (wallet.sliding_expires_at is None or ends > wallet.sliding_expires_at):
            account.touch_wallet(wallet_code).sliding_expires_at = ends
    note_due(wallet, wallet.sliding_expires_at)
