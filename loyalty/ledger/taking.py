"""Taking points back where no recorded purchase says which lots they were: goods that come back without a receipt."""

from loyalty.ledger.account import Account, available
from loyalty.ledger.claw_back import ClawBack
from loyalty.ledger.entries import Act
from loyalty.ledger.shortfall import ShortfallPolicy, settle_shortfall
from loyalty.ledger.spending import choose_lots


def take_available(account: Account, wallet: str, points: int, act: Act, *, policy: ShortfallPolicy) -> ClawBack:
    """Take ``points`` back from whatever is available, in the order of spending; what is missing goes by ``policy``.

    Pending and held points are not available. No activity of the member: a sliding expiry is not renewed.
    """
    taken = min(points, available(account, wallet, act.now))
    if taken:
        shares = choose_lots(account, wallet, taken, act.now)
        entry = account.enter(wallet, "member", "issued", taken, "clawed_back", act)
        for lot, share in shares:
            account.move(lot, "spent", share, act, cause=act.cause, entry=entry)
    short = settle_shortfall(account, wallet, points - taken, policy, act, target="issued", kind="clawed_back")
    return ClawBack(from_lots=taken, owed=short.owed, written_off=short.written_off, left=short.left)
