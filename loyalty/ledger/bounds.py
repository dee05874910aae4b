"""How many points a wallet keeps, and how many may be owed in it: so many that every client counts them exactly.

Entries and lots are no larger, since they are part of one or the other.
"""

from loyalty.ledger.account import Account
from loyalty.ledger.errors import PointsOutOfRangeError
from loyalty.programme.part import MAX_EXACT


def has_room(account: Account, wallet: str, points: int) -> bool:
    """Whether ``points`` more can be kept. Held and pending ones count, expired ones do not."""
    return account.wallet(wallet).remaining + points <= MAX_EXACT


def may_owe(account: Account, wallet: str, points: int) -> bool:
    """Whether ``points`` more can be owed."""
    return account.wallet(wallet).debt + points <= MAX_EXACT


def require_room(account: Account, wallet: str, points: int) -> None:
    """Raise ``PointsOutOfRangeError`` unless ``points`` more can be kept."""
    if not has_room(account, wallet, points):
        raise PointsOutOfRangeError(wallet=wallet, points=points)


def require_may_owe(account: Account, wallet: str, points: int) -> None:
    """Raise ``PointsOutOfRangeError`` unless ``points`` more can be owed."""
    if not may_owe(account, wallet, points):
        raise PointsOutOfRangeError(wallet=wallet, points=points)
