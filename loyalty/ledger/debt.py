"""Debt: what a claw-back could not take, repaid as soon as there is a free point."""

from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act
from loyalty.ledger.lots import in_take_back_order


def repay_debt(account: Account, wallet: str, act: Act) -> int:
    """Pay the wallet's debt from free points, pending ones included, in take-back order. Answers how much was repaid.

    Afterwards either the debt is gone or no lot has a free point.
    """
    debt = account.wallet(wallet).debt
    if not debt:
        return 0
    assert account.lots_loaded, "repaying needs the member's lots"
    shares = []
    left = debt
    for lot in in_take_back_order(lot for lot in account.lots_of(wallet) if lot.free):
        share = min(lot.free, left)
        if share:
            shares.append((lot, share))
            left -= share
    repaid = debt - left
    if repaid:
        entry = account.enter(wallet, "member", "debt", repaid, "debt_repaid", act)
        for lot, share in shares:
            account.move(lot, "repaid", share, act, cause=act.cause, entry=entry)
    return repaid
