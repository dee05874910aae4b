"""When earned points become available, and when they expire. The arithmetic is in ``earning/calendar.py``."""

from datetime import date
from typing import Literal

from loyalty.programme.part import Part

SLIDING_EXPIRY_KINDS = ("sliding_days", "sliding_months")


class PendingPolicy(Part, frozen=True, kw_only=True):
    """Points wait until the return window has closed.

    ``none``: available at once. ``days``: from the start of the local day after ``days`` whole days have followed the
    day of the purchase. ``until``: from the start of the local day ``until``.
    """

    kind: str = "none"
    days: int = 0
    until: date | None = None


class ExpiryPolicy(Part, frozen=True, kw_only=True):
    """How long a lot lives once its points are available. A lot is usable through the whole of its last local day.

    - ``never``.
    - ``days``, ``months``: the last day is ``count`` days or months after the day they became available.
    - ``end_of_period``: the last day of the ``count``-th month, quarter or year after the current one.
    - ``calendar``: the last day is the next of the yearly ``dates`` ("12-31"), at least ``count`` days away.
    - ``on_date``: the last day is ``last_day``.
    - ``sliding_days``, ``sliding_months``: the whole balance lives ``count`` days or months after the member's last
      activity; lots themselves do not expire.
    """

    kind: str = "never"
    count: int = 0
    period: Literal["month", "quarter", "year"] = "month"
    dates: tuple[str, ...] = ()
    last_day: date | None = None
