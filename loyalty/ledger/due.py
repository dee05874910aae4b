"""What time does to points: activation, hold time-outs and expiries, applied before anything else.

Every write applies what is due first, in the order of the instants at which it became due, and each effect carries
that instant as its ``occurred_at``. Reads do the same on their copy and write nothing. So it makes no difference to
any answer whether the sweeper ran early, late, twice or never.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TypeAlias

from loyalty.earning.calendar import expires_at
from loyalty.ledger.account import Account, Hold, Wallet
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.expiring import expire_free, is_sliding
from loyalty.ledger.holding import release_hold
from loyalty.ledger.lots import Lot

_Due: TypeAlias = tuple[datetime, int, int, Callable[[datetime, datetime], None]]
"""Instant, rank at that instant, number of the thing, and the effect as a function of (instant, now)."""


def is_due(account: Account, now: datetime) -> bool:
    """Whether ``apply_due`` could change anything; telling needs no lots."""
    return any(wallet.next_due_at is not None and wallet.next_due_at <= now for wallet in account.wallets.values())


def apply_due(account: Account, now: datetime) -> None:
    """Apply everything that became due up to and including ``now``.

    At one instant the order is activation, hold time-out, expiry, sliding expiry; then by number.
    """
    for wallet in account.wallets.values():
        if wallet.next_due_at is None or wallet.next_due_at > now:
            continue
        assert account.lots_loaded, "what is due cannot be applied without the member's lots"
        while (first := _first(account, wallet)) is not None and first[0] <= now:
            instant, _, _, effect = first
            effect(instant, now)
        wallet.next_due_at = first[0] if first else None
        account.changed_wallets.add(wallet.wallet)


def _first(account: Account, wallet: Wallet) -> _Due | None:
    return min(_upcoming(account, wallet), key=lambda due: due[:3], default=None)


def _upcoming(account: Account, wallet: Wallet) -> Iterator[_Due]:
    sliding = False
    for lot in account.lots_of(wallet.wallet):
        if lot.activated_at is None:
            if lot.remaining:
                yield lot.available_from, 0, lot.lot_no, partial(_activate, account, lot)
        elif lot.free:
            sliding = sliding or is_sliding(lot)
            if lot.expires_at is not None:
                yield lot.expires_at, 2, lot.lot_no, partial(_expire, account, lot)
    for hold in account.holds.values():
        if hold.is_open and hold.wallet == wallet.wallet:
            yield hold.expires_at, 1, hold.hold_no, partial(_time_out, account, hold)
    if sliding and wallet.sliding_expires_at is not None:
        yield wallet.sliding_expires_at, 3, 0, partial(_expire_sliding, account, wallet)


def _activate(account: Account, lot: Lot, instant: datetime, _: datetime) -> None:
    lot.activated_at = instant
    lot.expires_at = expires_at(lot.expiry, instant, account.zone)
    account.changed_lots.add(lot.lot_no)
    account.activated_lots.add(lot.lot_no)


def _expire(account: Account, lot: Lot, instant: datetime, now: datetime) -> None:
    expire_free(account, lot, _by_time(Cause("lot", lot.lot_no), instant, now))


def _expire_sliding(account: Account, wallet: Wallet, instant: datetime, now: datetime) -> None:
    act = _by_time(Cause("sliding", 0), instant, now)
    for lot in list(account.lots_of(wallet.wallet)):
        if is_sliding(lot) and lot.activated_at is not None and lot.free:
            expire_free(account, lot, act)


def _time_out(account: Account, hold: Hold, instant: datetime, now: datetime) -> None:
    release_hold(account, hold, "expired", _by_time(Cause("hold", hold.hold_no), instant, now))


def _by_time(cause: Cause, instant: datetime, now: datetime) -> Act:
    return Act(cause, "system", instant, now, by_time=True)
