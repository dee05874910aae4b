"""Points that come back as a new lot, because the one they were in is gone: from when to when they live."""

from dataclasses import dataclass
from datetime import datetime

from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Entry
from loyalty.ledger.expiring import settle_freed
from loyalty.ledger.lots import Lot
from loyalty.programme.policies import ExpiryPolicy

NEVER = ExpiryPolicy()


@dataclass(frozen=True, slots=True)
class LotTerms:
    """From when to when points live, and the lot that they belong to: member and number. Default: for good."""

    available_from: datetime
    activated_at: datetime | None
    expires_at: datetime | None = None
    expiry: ExpiryPolicy = NEVER
    origin: tuple[int, int] | None = None

    @classmethod
    def of_lot(cls, member_id: int, lot: Lot) -> "LotTerms":
        """Those of a lot of ``member_id``'s, to which the points belong."""
        return cls(lot.available_from, lot.activated_at, lot.expires_at, lot.expiry, (member_id, lot.lot_no))


def return_as_lot(account: Account, wallet: str, points: int, entry: Entry, act: Act, terms: LotTerms) -> None:
    """The lot of an entry that gave ``points`` back. Where its time has passed they expire at once."""
    lot = account.open_lot(
        wallet,
        points,
        entry,
        available_from=terms.available_from,
        expiry=terms.expiry,
        cause=act.cause,
        activated_at=terms.activated_at,
        expires_at=terms.expires_at,
        origin=terms.origin,
    )
    settle_freed(account, lot, act)
