"""The states of a redemption.

``reserved`` waits for a second person, as a payout does; ``issued`` can be used, or waits to be handed over or paid.
The others are final: ``used`` at a till, ``fulfilled`` (the member has it), ``cancelled``, ``expired``, ``refunded``
(used, and taken back with its sale), ``given`` (another member has it, as a redemption of theirs). Time ends an open
one at ``expires_at`` whether or not somebody has written it: everything that reads a state reads it by ``state_at``. A
payout that is approved expires no more.

What has expired counts for nothing: its points and its piece are there again. A coupon that expired was had all the
same, since somebody has seen its code: it stays paid, keeps its piece and counts towards limits.
"""

from datetime import datetime
from typing import Final

from loyalty.models import Redemption
from loyalty.programme.rewards import PAYOUT

OPEN: Final = ("reserved", "issued")
COUNTED: Final = """(grant_reason IS NULL AND (state IN ('used', 'fulfilled', 'given')
OR state IN ('reserved', 'issued') AND (expires_at IS NULL OR expires_at > $2)
OR coupon IS NOT NULL AND state IN ('issued', 'expired')))"""
"""Redemptions that count towards a member's limits, in SQL; ``$2`` is now. What the business gave does not."""
TAKEN: Final = "(state NOT IN ('cancelled', 'refunded', 'given') AND (state <> 'expired' OR coupon IS NOT NULL))"
"""Redemptions that hold a piece of the stock, as they are noted, in SQL."""
OVERDUE: Final = "(state IN ('reserved', 'issued') AND expires_at <= $1 AND coupon IS NULL)"
"""Those of them whose piece is there again, though nobody has noted it yet; ``$1`` is now."""


def state_at(redemption: Redemption, now: datetime) -> str:
    """The state at ``now``."""
    if redemption.state in OPEN and redemption.expires_at is not None and redemption.expires_at <= now:
        return "expired"
    return redemption.state


def is_shown(redemption: Redemption, now: datetime) -> bool:
    """Whether its code is of use at a till. Money is not handed out there."""
    return redemption.kind != PAYOUT and state_at(redemption, now) in OPEN
