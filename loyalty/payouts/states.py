"""What a payout is waiting for, told from its redemption and from what was decided.

    requested -> approved -> exported -> paid
        |            |           |
        v            v           v
    refused, cancelled, expired  failed

Whatever ends without money gives the points back to their lots.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from loyalty.models import Payout, Redemption
from loyalty.rewards.states import state_at

STATES: Final = ("requested", "approved", "exported", "paid", "refused", "cancelled", "expired", "failed")
_PLAIN: Final[Mapping[str, str]] = {"reserved": "requested", "fulfilled": "paid", "expired": "expired"}


def payout_state(payout: Payout, redemption: Redemption, now: datetime) -> str:
    """One of ``STATES``."""
    state = state_at(redemption, now)
    if state in _PLAIN:
        return _PLAIN[state]
    if state == "issued":
        return "approved" if payout.batch_id is None else "exported"
    return {None: "cancelled", "refused": "refused", "approved": "failed"}[payout.decision]
