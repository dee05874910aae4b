"""Corrections by staff, in both directions."""

from loyalty.ledger.account import Account, available
from loyalty.ledger.bounds import require_may_owe
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act
from loyalty.ledger.shortfall import settle_shortfall
from loyalty.ledger.spending import spend


def adjust_up(account: Account, grant: Grant, act: Act) -> None:
    """Credit points against ``adjusted``. Raises ``PointsOutOfRangeError``."""
    earn(account, [grant], act, source="adjusted", kind="adjusted")


def adjust_down(account: Account, wallet: str, points: int, act: Act, *, into_debt: bool) -> None:
    """Debit points into ``adjusted``. What is not there becomes debt with ``into_debt``.

    Raises ``InsufficientPointsError`` otherwise, and ``PointsOutOfRangeError`` for a debt that is too large.
    """
    taken = min(points, available(account, wallet, act.now)) if into_debt else points
    require_may_owe(account, wallet, points - taken)
    spend(account, wallet, taken, act, target="adjusted", kind="adjusted")
    settle_shortfall(account, wallet, points - taken, "debt", act, target="adjusted", kind="adjusted")
