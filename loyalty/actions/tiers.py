"""An action as a fact for tiers, on the member's day that it froze. Pure; nothing counts that was not paid."""

from datetime import datetime

from loyalty.actions.outcome import RecordedAction
from loyalty.ledger.account import Account
from loyalty.tiers.keeping import take_in
from loyalty.tiers.measures import Measures
from loyalty.tiers.standing import ChangeCause, Standing


def take_in_action(standing: Standing, account: Account, action: RecordedAction, *, now: datetime) -> None:
    """Count an action that was accepted."""
    if any(action.earned.values()):
        measures = Measures(points={wallet: points for wallet, points in action.earned.items() if points}, actions=1)
        cause = ChangeCause("action", action.action_no)
        take_in(standing, account, action.local_date, measures, cause, now=now)


def take_back_action(standing: Standing, account: Account, action: RecordedAction, *, now: datetime) -> None:
    """As if it had never been done."""
    if any(action.earned.values()):
        points = {effect.wallet: -effect.taken for effect in action.effect}
        cause = ChangeCause("reversal", action.action_no)
        take_in(standing, account, action.local_date, Measures(points=points, actions=-1), cause, now=now)
