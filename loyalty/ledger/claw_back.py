"""Taking back what a purchase earned, and giving it back when less needs to be taken after all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyalty.ledger.account import Account, Act, Cause, Lot, in_take_back_order
from loyalty.ledger.debt import repay_debt
from loyalty.ledger.expiring import settle_freed
from loyalty.ledger.shortfall import ShortfallPolicy, settle_shortfall, undo_debt


@dataclass(frozen=True, slots=True)
class ClawBack:
    """How the points of one claw-back were found. All are >= 0 and sum to what was asked for."""

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
) -> ClawBack:
    """Take back ``points`` that ``cause`` earned.

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
        entry = account.enter(wallet, "member", "issued", taken, "clawed_back", act)
        for lot, share in shares:
            account.move(lot, "clawed", share, act, cause=cause, entry=entry)
    forgiven = min(expired_unspent, left)
    left -= forgiven
    certain = min(promised, left)
    settle_shortfall(account, wallet, certain, "debt", act, target="issued", kind="clawed_back")
    short = settle_shortfall(account, wallet, left - certain, policy, act, target="issued", kind="clawed_back")
    return ClawBack(taken, forgiven, certain + short.owed, short.written_off, short.left)


def give_back(
    account: Account,
    wallet: str,
    points: int,
    act: Act,
    *,
    cause: Cause,
    own_lots: Sequence[Lot],
    clawed: Mapping[int, int],
    earlier: ClawBack,
) -> ClawBack:
    """Undo ``points`` of earlier claw-backs of ``cause``: a later refund left more of the basket's points standing.

    In the opposite order: what was left or written off, what is owed, what was forgiven, then the lots. ``clawed``
    says how much of which lot is still taken, ``earlier`` what the earlier claw-backs did in all. Answers what was
    undone.
    """
    left = points
    unpaid = min(earlier.left, left)
    left -= unpaid
    written_off = min(earlier.written_off, left)
    if written_off:
        account.enter(wallet, "issued", "written_off", written_off, "claw_back_undone", act)
    left -= written_off
    owed = min(earlier.owed, left)
    if owed:
        undo_debt(account, wallet, owed, act, source="issued", kind="claw_back_undone", terms=own_lots[0])
    left -= owed
    forgiven = min(earlier.forgiven, left)
    left -= forgiven
    from_lots = _return_to_lots(account, wallet, left, act, cause=cause, own_lots=own_lots, clawed=clawed)
    repay_debt(account, wallet, act)
    return ClawBack(from_lots, forgiven, owed, written_off, unpaid)


def _return_to_lots(
    account: Account,
    wallet: str,
    points: int,
    act: Act,
    *,
    cause: Cause,
    own_lots: Sequence[Lot],
    clawed: Mapping[int, int],
) -> int:
    shares = []
    left = points
    for lot in reversed(in_take_back_order(own_lots)):
        if share := min(clawed.get(lot.lot_no, 0), left):
            shares.append((lot, share))
            left -= share
    if shares:
        entry = account.enter(wallet, "issued", "member", points - left, "claw_back_undone", act)
        for lot, share in shares:
            account.move(lot, "restored", share, act, cause=cause, entry=entry)
            settle_freed(account, lot, act)
    if left and own_lots:
        # They were taken before a merge, from lots that stayed behind: they come as a lot on the same terms.
        undo_debt(account, wallet, left, act, source="issued", kind="claw_back_undone", terms=own_lots[0])
    return points
