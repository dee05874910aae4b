"""Taking back what a purchase earned."""

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.lots import Lot, in_take_back_order
from loyalty.ledger.shortfall import ShortfallPolicy, settle_shortfall


@dataclass(frozen=True, slots=True)
class ClawBack:
    """How the points of one claw-back were found. They sum to what was asked for."""

    from_lots: int = 0
    forgiven: int = 0
    """They had expired unspent: the business has them already."""
    owed: int = 0
    written_off: int = 0
    left: int = 0
    """Not taken at all: the till lowers the cash that it pays back."""

    @property
    def total(self) -> int:
        return self.from_lots + self.forgiven + self.owed + self.written_off + self.left


def claw_back(
    account: Account,
    wallet: str,
    points: int,
    act: Act,
    *,
    cause: Cause,
    own_lots: Sequence[Lot],
    expired_unspent: int,
    promised: int,
    policy: ShortfallPolicy,
    target: str = "issued",
) -> ClawBack:
    """Take back ``points`` that ``cause`` earned, to the account ``target`` that they came from.

    From free points of its own lots in take-back order; then from those that expired unspent, which costs nobody
    anything (``expired_unspent``: not yet forgiven); then as debt, whatever the ``policy``, for own points that are
    ``promised``: held, or used to repay an earlier debt; the rest by ``policy``. A hold is never broken. Debt is
    repaid at once from other free lots.
    """
    shares = []
    left = points
    for lot in in_take_back_order(own_lots):
        if share := min(lot.free, left):
            shares.append((lot, share))
            left -= share
    taken = points - left
    if taken:
        entry = account.enter(wallet, "member", target, taken, "clawed_back", act)
        for lot, share in shares:
            account.move(lot, "clawed", share, act, cause=cause, entry=entry)
    forgiven = min(expired_unspent, left)
    left -= forgiven
    certain = min(promised, left)
    settle_shortfall(account, wallet, certain, "debt", act, target=target, kind="clawed_back")
    short = settle_shortfall(account, wallet, left - certain, policy, act, target=target, kind="clawed_back")
    return ClawBack(taken, forgiven, certain + short.owed, short.written_off, short.left)
