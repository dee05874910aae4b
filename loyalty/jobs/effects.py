"""What a job does to one account, and how it is taken back. Pure; what is due must have been applied."""

from collections.abc import Mapping

from loyalty.jobs.kinds import PointsGrant, Retroactive
from loyalty.ledger.account import Account
from loyalty.ledger.adjusting import adjust_down, adjust_up
from loyalty.ledger.bounds import has_room, may_owe
from loyalty.ledger.claw_back import claw_back
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.shortfall import ShortfallPolicy
from loyalty.ledger.taking import take_available
from loyalty.ledger.terms import NEVER
from loyalty.programme.policies import ExpiryPolicy
from loyalty.refunds.tracing import EarnedLots

Asked = Retroactive | PointsGrant
"""The jobs that move points. Retroactive points are issued and clawed back, granted ones are adjustments."""


def has_room_for(account: Account, points: Mapping[str, int]) -> bool:
    """Whether the account can hold, and owe, as much."""
    return all(
        has_room(account, wallet, amount) if amount > 0 else may_owe(account, wallet, -amount)
        for wallet, amount in points.items()
    )


def move_points(account: Account, points: Mapping[str, int], asked: Asked, act: Act) -> dict[str, int]:
    """Give and take; answers by wallet what that changed of the balance. Given points are available at once."""
    begun = len(account.entries)
    for wallet, amount in sorted(points.items()):
        if amount > 0:
            _give(account, wallet, amount, asked, act)
        elif isinstance(asked, PointsGrant):
            adjust_down(account, wallet, -amount, act, into_debt=True)
        else:
            take_available(account, wallet, -amount, act, policy=_policy(asked, wallet))
    return _changes(account, begun, act.cause)


def _give(account: Account, wallet: str, amount: int, asked: Asked, act: Act) -> None:
    if isinstance(asked, Retroactive):
        earn(account, [Grant(wallet, amount, act.now, _expiry(account, asked))], act)
    else:
        lives = NEVER if asked.expires_at is not None else asked.expiry
        adjust_up(account, Grant(wallet, amount, act.now, lives, asked.expires_at), act)


def take_back(
    account: Account, moved: Mapping[str, int], asked: Asked, act: Act, *, cause: Cause, own: Mapping[str, EarnedLots]
) -> dict[str, int]:
    """Undo ``moved``, which ``cause`` did: its ``own`` lots first, then by the rules of claw-backs; answers as above.

    Points that expired unspent are not asked for again. What was taken comes back as a lot that lives from now.
    """
    begun = len(account.entries)
    other_side = "issued" if isinstance(asked, Retroactive) else "adjusted"
    for wallet, amount in sorted(moved.items()):
        lots = own.get(wallet, EarnedLots())
        if amount > 0:
            claw_back(
                account,
                wallet,
                amount,
                act,
                cause=cause,
                own_lots=lots.lots,
                expired_unspent=lots.expired_unspent,
                promised=lots.held + lots.repaid_debt,
                policy=_policy(asked, wallet),
                target=other_side,
            )
        elif amount < 0:
            grant = Grant(wallet, -amount, act.now, _expiry(account, asked))
            earn(account, [grant], act, source=other_side, kind="restored")
    return _changes(account, begun, act.cause)


def _policy(asked: Asked, wallet: str) -> ShortfallPolicy:
    if isinstance(asked, PointsGrant):
        return "debt"
    return next((known.debt for known in asked.document.wallets if known.code == wallet), "debt")


def _expiry(account: Account, asked: Asked) -> ExpiryPolicy:
    if isinstance(asked, PointsGrant):
        return asked.expiry
    return asked.document.expiry_by_tier.get(account.tier or "", asked.document.expiry)


def _changes(account: Account, begun: int, cause: Cause) -> dict[str, int]:
    """By wallet: what the entries of ``cause`` since ``begun`` add to the balance. Repaying a debt adds nothing."""
    changes: dict[str, int] = {}
    for entry in account.entries[begun:]:
        if entry.act.cause == cause:
            came = (entry.credit in _OWN) - (entry.debit in _OWN)
            changes[entry.wallet] = changes.get(entry.wallet, 0) + came * entry.amount
    return changes


_OWN = ("member", "debt")
