"""Lots in memory: points that were earned together, and the orders in which they are drawn on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from loyalty.ledger.entries import Cause
from loyalty.programme.policies import ExpiryPolicy


@dataclass(slots=True)
class Lot:
    """Points that were earned together. Changes go through ``Account.move`` and ``due``."""

    lot_no: int
    wallet: str
    amount: int
    remaining: int
    held: int
    available_from: datetime
    activated_at: datetime | None
    expires_at: datetime | None
    expiry: ExpiryPolicy
    entry_no: int
    cause: Cause
    origin_member_id: int | None = None
    origin_lot_no: int | None = None

    @property
    def free(self) -> int:
        return self.remaining - self.held

    def spendable_at(self, instant: datetime) -> bool:
        """Activated and not expired. ``expires_at`` is exclusive."""
        return self.activated_at is not None and (self.expires_at is None or instant < self.expires_at)


def in_spend_order(lots: Iterable[Lot]) -> list[Lot]:
    """Earliest expiry first, never-expiring last, then the older lot."""
    return sorted(lots, key=lambda lot: (lot.expires_at is None, lot.expires_at, lot.lot_no))


def in_take_back_order(lots: Iterable[Lot]) -> list[Lot]:
    """Pending lots first, then never-expiring, then the latest expiry, then the younger lot: what hurts least."""
    return sorted(
        lots,
        key=lambda lot: (
            lot.activated_at is not None,
            lot.expires_at is not None,
            -lot.expires_at.timestamp() if lot.expires_at else 0.0,
            -lot.lot_no,
        ),
    )
