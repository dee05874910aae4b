"""A posted sale as a fact for tiers. Pure."""

from datetime import datetime

from loyalty.purchases.posting import Posted
from loyalty.tiers.keeping import take_in
from loyalty.tiers.measures import Measures
from loyalty.tiers.standing import ChangeCause, Standing


def take_in_purchase(standing: Standing, posted: Posted, *, now: datetime) -> None:
    """Count the sale on the local day that its evaluation froze; one that could not earn counts for nothing."""
    if posted.evaluation is None:
        return
    measures = Measures(
        points={wallet: points for wallet, points in posted.evaluation.points_by_wallet.items() if points},
        spend_minor=posted.submission.sale.total_minor,
        purchases=int(any(line.quantity for line in posted.basket.lines)),
    )
    cause = ChangeCause("purchase", posted.purchase_no)
    take_in(standing, posted.account, posted.basket.local_date, measures, cause, now=now)
