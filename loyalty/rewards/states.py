"""The states of a redemption.

``reserved`` waits for a second person; ``issued`` can be used, or waits to be handed over. The others are final:
``used`` at a till, ``fulfilled`` (the member has it), ``cancelled``, ``expired``, ``refunded`` (used, and taken back
with its sale). Time ends an issued one at ``expires_at`` whether or not somebody has written it: everything that reads
a state reads it by ``state_at``.
"""

from datetime import datetime
from typing import Final

from loyalty.models import Redemption

OPEN: Final = ("reserved", "issued")
COUNTED: Final = """(state IN ('used', 'fulfilled', 'reserved')
OR state = 'issued' AND (expires_at IS NULL OR expires_at > $2))"""
"""Redemptions that count towards a member's limits, in SQL; ``$2`` is now."""


def state_at(redemption: Redemption, now: datetime) -> str:
    """The state at ``now``."""
    if redemption.state == "issued" and redemption.expires_at is not None and redemption.expires_at <= now:
        return "expired"
    return redemption.state
