"""Reversing a spend: points go back to the lots they came from, with those lots' own expiry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from loyalty.ledger.account import Account
from loyalty.ledger.bounds import require_room
from loyalty.ledger.debt import repay_debt
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.expiring import is_past_expiry, settle_freed
from loyalty.ledger.lots import Lot
from loyalty.ledger.terms import LotTerms, return_as_lot
from loyalty.programme.wallets import ExpiredRestore


@dataclass(frozen=True, slots=True)
class SpentLot:
    """A lot that paid for a purchase. ``member_id`` owns it; ``out`` points of it have not come back yet."""

    member_id: int
    lot: Lot
    out: int


def restore(
    account: Account,
    wallet: str,
    points: int,
    act: Act,
    *,
    cause: Cause,
    spent: Sequence[SpentLot],
    expired: ExpiredRestore,
) -> None:
    """Put ``points`` back, last spent first. ``spent``: lots in the order they paid, each with what is still out.

    ``cause`` is the spend's. Where a lot's time has passed, ``expired`` decides: the points expire at once, or come as
    a new lot that lives for the days of grace. Points of a lot that stayed with a member who was merged into this one
    come as a new lot on the old one's terms. Precondition: ``points`` <= the sum of ``spent``. Raises
    ``PointsOutOfRangeError``.
    """
    require_room(account, wallet, points)
    left = points
    for source in reversed(spent):
        share = min(source.out, left)
        if not share:
            continue
        left -= share
        entry = account.enter(wallet, "redeemed", "member", share, "restored", act)
        lot = source.lot
        if expired.kind == "grace" and is_past_expiry(account, lot, act.now):
            ends_at = act.now + timedelta(days=expired.grace_days)
            terms = LotTerms(act.now, act.now, ends_at, origin=(source.member_id, lot.lot_no))
            return_as_lot(account, wallet, share, entry, act, terms)
        elif source.member_id != account.member_id:
            return_as_lot(account, wallet, share, entry, act, LotTerms.of_lot(source.member_id, lot))
        else:
            account.move(lot, "restored", share, act, cause=cause, entry=entry)
            settle_freed(account, lot, act)
    assert not left, "no more comes back than was spent"
    repay_debt(account, wallet, act)
