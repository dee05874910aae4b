"""The states of a redemption.

``reserved`` waits for a second person, as a payout does; ``issued`` can be used, or waits to be handed over or paid.
The others are final: ``used`` at a till, ``fulfilled`` (the member has it), ``cancelled``, ``expired``, ``refunded``
(used, and taken back with its sale). Time ends an open one at ``expires_at`` whether or not somebody has written it:
everything that reads a state reads it by ``state_at``. A payout that is approved expires no more.
"""

from datetime import datetime
from typing import Final

from loyalty.models import Redemption
from loyalty.programme.rewards import PAYOUT

OPEN: Final = ("reserved", "issued")
COUNTED: Final = """(state IN ('used', 'fulfilled')
OR state IN ('reserved', 'issued') AND (expires_at IS NULL OR expires_at > $2))"""
"""Redemptions that count towards a member's limits, in SQL; ``$2`` is now."""


def state_at(redemption: Redemption, now: datetime) -> str:
    """The state at ``now``."""
    if redemption.state in OPEN and redemption.expires_at is not None and redemption.expires_at <= now:
        return "expired"
    return redemption.state


def is_shown(redemption: Redemption, now: datetime) -> bool:
    """Whether its code is of use at a till. Money is not handed out there."""
    return redemption.kind != PAYOUT and state_at(redemption, now) in OPEN
