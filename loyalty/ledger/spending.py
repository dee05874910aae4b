"""Points go out."""

from datetime import datetime

from loyalty.ledger.account import Account, available
from loyalty.ledger.entries import Act
from loyalty.ledger.errors import InsufficientPointsError
from loyalty.ledger.expiring import is_sliding, renew_sliding
from loyalty.ledger.lots import Lot, in_spend_order


def choose_lots(account: Account, wallet: str, points: int, instant: datetime) -> list[tuple[Lot, int]]:
    """The lots that pay ``points``: earliest expiry first, then the oldest. All or nothing.

    Raises ``InsufficientPointsError``; nothing has been changed then.
    """
    assert account.lots_loaded, "choosing lots needs the member's lots"
    free = available(account, wallet, instant)
    if free < points:
        raise InsufficientPointsError(wallet=wallet, available=free, required=points)
    shares = []
    left = points
    for lot in in_spend_order(lot for lot in account.lots_of(wallet) if lot.free and lot.spendable_at(instant)):
        share = min(lot.free, left)
        if share:
            shares.append((lot, share))
            left -= share
    return shares


def spend(
    account: Account, wallet: str, points: int, act: Act, *, target: str = "redeemed", kind: str = "spent"
) -> None:
    """Debit ``points``. What is due must have been applied. Raises ``InsufficientPointsError``."""
    shares = choose_lots(account, wallet, points, act.now)
    if not shares:
        return
    entry = account.enter(wallet, "member", target, points, kind, act)
    for lot, share in shares:
        account.move(lot, "spent", share, act, cause=act.cause, entry=entry)
    note_activity(account, wallet, act)


def note_activity(account: Account, wallet: str, act: Act) -> None:
    """Spending is activity: it renews a sliding expiry."""
    policies = [lot.expiry for lot in account.lots_of(wallet) if is_sliding(lot)]
    if policies:
        renew_sliding(account, wallet, policies, act.occurred_at)
