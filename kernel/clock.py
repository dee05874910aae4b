"""The one place that asks what time it is.

The edge takes a ``Clock`` and hands ``now`` inwards as an argument; nothing below the edge calls one.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, aware, in UTC, to the microsecond (PostgreSQL's resolution)."""
    return datetime.now(UTC)
