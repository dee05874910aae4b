"""The points that come with a tier: once per member, tier and period, and taken back with what had made the tier."""

from collections.abc import Collection
from datetime import datetime

from loyalty.ledger.account import Account
from loyalty.ledger.bounds import has_room
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.taking import take_available
from loyalty.tiers.standing import Bonus, BonusKey, Standing

ACTOR = "system"


def pay_bonus(standing: Standing, account: Account, tier: int, period: str, *, now: datetime) -> None:
    """Pay the bonus of the tier that was just entered, unless this period has paid it or the member cannot earn.

    What the member was left of an earlier payment of the period, when that was taken back, is not paid again.
    """
    plan = standing.plan
    code, bonus = plan.tiers[tier].code, plan.tiers[tier].entry_bonus
    if bonus is None or account.status != "active" or account.earning_frozen:
        return
    wallet = bonus.wallet or plan.document.primary_wallet
    earlier = standing.bonuses.get((code, period))
    kept_points = 0 if earlier is None else earlier.kept_points
    points = bonus.points - kept_points
    if (earlier is not None and earlier.taken_back_at is None) or points <= 0 or not has_room(account, wallet, points):
        return
    act = Act(Cause("tier", standing.last_change_no), ACTOR, now, now)
    earn(account, [Grant(wallet, points, now, plan.expiry(tier))], act)
    paid = Bonus(wallet, points, standing.last_change_no, now, kept_points=kept_points)
    standing.bonuses[code, period] = paid
    standing.changed_bonuses.add((code, period))


def take_bonuses_back(standing: Standing, account: Account, undone: Collection[BonusKey], *, now: datetime) -> None:
    """Take back the bonuses of ``undone``: what had made their tiers in their periods has been undone.

    From available points; what is missing follows the wallet's debt policy, and is noted where the member keeps it.
    The account's lots must be there.
    """
    for key in sorted(undone):
        bonus = standing.bonuses[key]
        act = Act(Cause("tier", bonus.change_no), ACTOR, now, now)
        policy = standing.plan.shortfall(bonus.wallet)
        taken = take_available(account, bonus.wallet, bonus.points, act, policy=policy)
        bonus.taken_back_at = now
        bonus.kept_points += taken.written_off + taken.left
        standing.changed_bonuses.add(key)
