"""The points that come with a tier: once per member, tier and period, and taken back with what had made the tier."""

from collections.abc import Collection
from datetime import datetime

from loyalty.ledger.account import Account
from loyalty.ledger.bounds import has_room
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.taking import take_available
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.standing import Bonus, Standing

ACTOR = "system"


def pay_bonus(standing: Standing, account: Account, plan: TierPlan, tier: int, period: str, *, now: datetime) -> None:
    """Pay the bonus of the tier that was just entered, unless this period has paid it or the member cannot earn."""
    code, bonus = plan.tiers[tier].code, plan.tiers[tier].entry_bonus
    if bonus is None or account.status != "active" or account.earning_frozen:
        return
    wallet = bonus.wallet or plan.document.primary_wallet
    paid = standing.bonuses.get((code, period))
    if (paid is not None and paid.taken_back_at is None) or not has_room(account, wallet, bonus.points):
        return
    act = Act(Cause("tier", standing.last_change_no), ACTOR, now, now)
    earn(account, [Grant(wallet, bonus.points, now, plan.expiry(tier))], act)
    standing.bonuses[code, period] = Bonus(wallet, bonus.points, standing.last_change_no, now)
    standing.changed_bonuses.add((code, period))


def take_bonuses_back(
    standing: Standing, account: Account, plan: TierPlan, tier: int, periods: Collection[str], *, now: datetime
) -> None:
    """Take back what tiers above ``tier`` gave in these periods: a refund has undone what reached them.

    From available points; what is missing follows the wallet's debt policy. The account's lots must be there.
    """
    for (code, period), bonus in sorted(standing.bonuses.items()):
        if bonus.taken_back_at is None and period in periods and plan.place(code) > tier:
            act = Act(Cause("tier", bonus.change_no), ACTOR, now, now)
            take_available(account, bonus.wallet, bonus.points, act, policy=plan.shortfall(bonus.wallet))
            bonus.taken_back_at = now
            standing.changed_bonuses.add((code, period))
