"""What happens to points that should be taken and are not there."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from loyalty.ledger.account import Account
from loyalty.ledger.bounds import require_may_owe, require_room
from loyalty.ledger.debt import repay_debt
from loyalty.ledger.entries import Act
from loyalty.ledger.terms import LotTerms, return_as_lot

ShortfallPolicy: TypeAlias = Literal["debt", "clamp", "write_off"]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Where missing points went: owed by the member, written off by the business, or left to the caller."""

    owed: int = 0
    written_off: int = 0
    left: int = 0


def settle_shortfall(
    account: Account, wallet: str, points: int, policy: ShortfallPolicy, act: Act, *, target: str, kind: str
) -> Shortfall:
    """Deal with ``points`` that ``target`` should have received: owe them, write them off, or leave them (clamp).

    Raises ``PointsOutOfRangeError`` for a debt that is too large.
    """
    if not points:
        return Shortfall()
    if policy == "debt":
        require_may_owe(account, wallet, points)
        account.enter(wallet, "debt", target, points, kind, act)
        repay_debt(account, wallet, act)
        return Shortfall(owed=points)
    if policy == "write_off":
        account.enter(wallet, "written_off", target, points, kind, act)
        return Shortfall(written_off=points)
    return Shortfall(left=points)


def undo_debt(account: Account, wallet: str, points: int, act: Act, *, source: str, kind: str, terms: LotTerms) -> None:
    """Credit ``points`` from ``source`` against debt that should not have been; what of it was repaid is a new lot.

    Raises ``PointsOutOfRangeError``.
    """
    standing = min(points, account.wallet(wallet).debt)
    require_room(account, wallet, points - standing)
    if standing:
        account.enter(wallet, source, "debt", standing, kind, act)
    if repaid := points - standing:
        entry = account.enter(wallet, source, "member", repaid, kind, act)
        return_as_lot(account, wallet, repaid, entry, act, terms)
