"""Points set aside for one sale: placed, then captured once, voided once, or timed out."""

from datetime import datetime
from typing import Literal

from loyalty.ledger.account import Account, Hold, available, note_due
from loyalty.ledger.debt import repay_debt
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.errors import CaptureAboveHoldError, HoldNotOpenError
from loyalty.ledger.expiring import settle_freed
from loyalty.ledger.lots import Lot, in_spend_order
from loyalty.ledger.spending import choose_lots, note_activity, spend


def place_hold(
    account: Account,
    wallet: str,
    points: int,
    act: Act,
    *,
    expires_at: datetime,
    store_id: str,
    terminal_id: str,
    reference: str | None,
    amount_minor: int,
    allocation: dict[str, int],
) -> Hold:
    """Set ``points`` of concrete lots aside. ``act.cause`` is ignored: a hold causes itself.

    Raises ``InsufficientPointsError``.
    """
    shares = choose_lots(account, wallet, points, act.now)
    account.last_hold_no += 1
    hold = Hold(
        hold_no=account.last_hold_no,
        wallet=wallet,
        amount=points,
        captured=0,
        status="open",
        expires_at=expires_at,
        store_id=store_id,
        terminal_id=terminal_id,
        reference=reference,
        amount_minor=amount_minor,
        allocation=allocation,
        created_at=act.now,
        lots={lot.lot_no: share for lot, share in shares},
    )
    account.holds[hold.hold_no] = hold
    account.new_holds.add(hold.hold_no)
    for lot, share in shares:
        account.move(lot, "held", share, act, cause=Cause("hold", hold.hold_no))
    note_due(account.touch_wallet(wallet), expires_at)
    return hold


def capture_hold(account: Account, hold: Hold, points: int, act: Act) -> None:
    """Spend ``points`` of the hold and give the rest back to its lots. Earliest expiry is spent first.

    Raises ``HoldNotOpenError`` when it was resolved before, ``CaptureAboveHoldError`` when it holds less.
    """
    _require_open(hold)
    if points > hold.amount:
        raise CaptureAboveHoldError(held=hold.amount, required=points)
    cause = Cause("hold", hold.hold_no)
    entry = account.enter(hold.wallet, "member", "redeemed", points, "spent", act) if points else None
    freed = []
    left = points
    for lot in _held_lots(account, hold):
        held = hold.lots[lot.lot_no]
        if share := min(held, left):
            account.move(lot, "captured", share, act, cause=cause, entry=entry)
            left -= share
        if rest := held - share:
            account.move(lot, "released", rest, act, cause=cause)
            freed.append(lot)
    _resolve(account, hold, "captured", act, captured=points)
    _settle(account, hold.wallet, freed, act)
    note_activity(account, hold.wallet, act)


def capture_late(account: Account, hold: Hold, points: int, act: Act) -> int:
    """A completed sale whose hold had already been resolved: take what is available.

    Answers the shortfall, in points, that the wallet's policy has to deal with. The hold stays what it was, but for its
    status: the same hold is never taken for two sales.
    """
    hold.status = "captured_late"
    taken = min(points, available(account, hold.wallet, act.now))
    if taken:
        spend(account, hold.wallet, taken, act)
    return points - taken


def release_hold(account: Account, hold: Hold, status: Literal["voided", "expired"], act: Act) -> None:
    """Give everything back to its lots: by the till's word, or because the time is up. Raises ``HoldNotOpenError``."""
    _require_open(hold)
    lots = _held_lots(account, hold)
    for lot in lots:
        account.move(lot, "released", hold.lots[lot.lot_no], act, cause=Cause("hold", hold.hold_no))
    _resolve(account, hold, status, act, captured=0)
    _settle(account, hold.wallet, lots, act)


def _require_open(hold: Hold) -> None:
    if not hold.is_open:
        raise HoldNotOpenError(status=hold.status)


def _held_lots(account: Account, hold: Hold) -> list[Lot]:
    return in_spend_order(account.lots[lot_no] for lot_no in hold.lots)


def _resolve(account: Account, hold: Hold, status: str, act: Act, *, captured: int) -> None:
    hold.status = status
    hold.captured = captured
    hold.resolved_at = act.occurred_at
    hold.lots = {}
    account.changed_holds.add(hold.hold_no)


def _settle(account: Account, wallet: str, freed: list[Lot], act: Act) -> None:
    repay_debt(account, wallet, act)
    for lot in freed:
        settle_freed(account, lot, act)
