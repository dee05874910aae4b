"""Spending what is held for a redemption: when it is used, given to somebody else, or turned into money."""

from msgspec.structs import replace

from loyalty.ledger.account import Account
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.holding import capture_hold
from loyalty.models import Redemption


def spend_held(redemption: Redemption, account: Account, act: Act) -> None:
    """Capture its open holds whole. ``account`` is its owner's, locked; after a merge there are none."""
    if account.member_id != redemption.member_id:
        return
    act = replace(act, cause=Cause("redemption", redemption.redemption_no))
    for price in redemption.prices:
        hold = account.holds.get(price["hold_no"])
        if hold is not None and hold.is_open:
            capture_hold(account, hold, hold.amount, act)
