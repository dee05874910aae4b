"""What a wallet holds, told by when it can be used. Pure; what is due must have been applied to the account."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from loyalty.ledger.account import Account, available
from loyalty.ledger.expiring import is_sliding


@dataclass(frozen=True, slots=True)
class DatedPoints:
    """Points to which something happens at one instant."""

    points: int
    at: datetime


@dataclass(frozen=True, slots=True)
class WalletOutlook:
    """One wallet. ``balance`` = ``available`` + the pending + ``held`` - ``debt``."""

    wallet: str
    balance: int
    available: int
    held: int
    debt: int
    pending: tuple[DatedPoints, ...]
    """Points that cannot be spent yet, by the instant from which they can, the earliest first."""
    expiring: tuple[DatedPoints, ...]
    """Available points by the instant at which they are gone (exclusive), the earliest first. The rest never is."""


def outlook(account: Account, wallet: str, now: datetime) -> WalletOutlook:
    """The wallet at ``now``, its lots folded by date."""
    folds = account.wallet(wallet)
    free = [lot for lot in account.lots_of(wallet) if lot.free]
    sliding_ends = folds.sliding_expires_at
    return WalletOutlook(
        wallet=wallet,
        balance=folds.balance,
        available=available(account, wallet, now),
        held=folds.held,
        debt=folds.debt,
        pending=_by_instant((lot.available_from, lot.free) for lot in free if lot.activated_at is None),
        expiring=_by_instant(
            (sliding_ends if is_sliding(lot) else lot.expires_at, lot.free) for lot in free if lot.spendable_at(now)
        ),
    )


def _by_instant(dated: Iterable[tuple[datetime | None, int]]) -> tuple[DatedPoints, ...]:
    sums: dict[datetime, int] = {}
    for instant, points in dated:
        if instant is not None:
            sums[instant] = sums.get(instant, 0) + points
    return tuple(DatedPoints(points, instant) for instant, points in sorted(sums.items()))
