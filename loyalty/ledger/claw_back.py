"""Taking back what a purchase earned, and giving it back when less needs to be taken after all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loyalty.ledger.account import Account, Act, Cause, Lot, in_take_back_order
from loyalty.ledger.debt import repay_debt
from loyalty.ledger.expiring import settle_freed
from loyalty.ledger.shortfall import ShortfallPolicy, settle_shortfall, undo_debt
from loyalty.ledger.terms import LotTerms

_IN_ORDER = ("from_lots", "forgiven", "owed", "written_off", "left")


@dataclass(frozen=True, slots=True)
class ClawBack:
    """How the points of one claw-back were found; negative where it gave back. They sum to what was asked for."""

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

    def __neg__(self) -> "ClawBack":
        return ClawBack(-self.from_lots, -self.forgiven, -self.owed, -self.written_off, -self.left)


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


def last_taken(effects: Sequence[ClawBack], points: int) -> ClawBack:
    """The last ``points`` that a series of claw-backs took and did not give back, by where they came from.

    ``effects`` in the order they happened; those that gave back are negative. Within one the order is that of
    ``claw_back``, so that giving back what this answers leaves what the claw-backs before it had done.
    """
    stack: list[tuple[str, int]] = []
    for effect in effects:
        if effect.total < 0:
            _pop(stack, -effect.total)
        else:
            stack += [(name, getattr(effect, name)) for name in _IN_ORDER]
    taken = dict.fromkeys(_IN_ORDER, 0)
    for name, share in _pop(stack, points):
        taken[name] += share
    return ClawBack(**taken)


def _pop(stack: list[tuple[str, int]], points: int) -> list[tuple[str, int]]:
    popped = []
    while points and stack:
        name, there = stack.pop()
        share = min(there, points)
        popped.append((name, share))
        points -= share
        if there > share:
            stack.append((name, there - share))
    assert not points, "no more is given back than was taken"
    return popped


def give_back(
    account: Account,
    wallet: str,
    undone: ClawBack,
    act: Act,
    *,
    cause: Cause,
    own_lots: Sequence[Lot],
    clawed: Mapping[int, int],
    terms: LotTerms,
) -> None:
    """Undo claw-backs of ``cause``: a later refund left more of the basket's points standing.

    What was left, written off or forgiven comes back to nobody. ``clawed`` says how much of which lot is still taken.
    What was owed and is paid, or was taken from a lot that a merge left behind, comes as a new lot on the ``terms`` of
    the purchase's lots.
    """
    if undone.written_off:
        account.enter(wallet, "issued", "written_off", undone.written_off, "claw_back_undone", act)
    undo_debt(account, wallet, undone.owed, act, source="issued", kind="claw_back_undone", terms=terms)
    back = _return_to_lots(account, wallet, undone.from_lots, act, cause=cause, own_lots=own_lots, clawed=clawed)
    left_behind = undone.from_lots - back
    undo_debt(account, wallet, left_behind, act, source="issued", kind="claw_back_undone", terms=terms)
    repay_debt(account, wallet, act)


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
    """Put points back into the lots they were taken from, as far as the account has them. Answers how many."""
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
    return points - left
