"""When a sale happened, told by a clock that may be wrong. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

from loyalty.programme.settings import TillSettings


class BusinessTime(NamedTuple):
    """The instant that counts, and what is to be remembered about it."""

    occurred_at: datetime
    flags: tuple[str, ...]


def business_time(
    *, stated_at: datetime, sent_at: datetime | None, now: datetime, settings: TillSettings
) -> BusinessTime:
    """The sale's instant, corrected by the till's clock skew where that is outside tolerance.

    ``sent_at`` is the till's clock when it sent the request: the difference to ``now`` is its skew. Whatever remains in
    the future beyond tolerance counts as ``now``. Nothing is refused for its time: a completed sale is a fact.
    """
    tolerance = timedelta(seconds=settings.clock_tolerance_seconds)
    occurred_at = stated_at
    flags = []
    if sent_at is not None and abs(skew := now - sent_at) > tolerance:
        occurred_at = stated_at + skew
        flags.append("clock_corrected")
    if occurred_at > now + tolerance:
        flags.append("from_the_future")
    if now - occurred_at > timedelta(days=settings.offline_days):
        flags.append("late")
    return BusinessTime(min(occurred_at, now), tuple(flags))
