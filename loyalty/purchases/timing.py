"""When a sale happened, told by a clock that may be wrong. Pure."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from loyalty.programme.settings import TillSettings

_EARLIEST_SENDING: Final = timedelta(minutes=-1)
"""Between the instant of the sale and that of sending it: a till may stamp the sale when it has packed it up."""
_LATEST_SENDING: Final = timedelta(days=366)
"""A till sends its sales within a year."""


class BusinessTime(NamedTuple):
    """The instant that counts, and what is to be remembered about it."""

    occurred_at: datetime
    flags: tuple[str, ...]


def clock_skew(*, stated_at: datetime, sent_at: datetime | None, now: datetime) -> timedelta | None:
    """What is to be added to an instant that the till's clock showed; None where that cannot be told.

    ``sent_at`` is the till's clock when it sent the sale: the difference to ``now`` is its skew, whatever year a flat
    battery has thrown it into. It was as wrong when the sale happened if the clock has only run on since. Where it
    shows that the sale was sent before it happened, or more than a year after, it was set in between, and its skew
    says nothing about the sale. So nothing is corrected to an instant more than a year ago.
    """
    if sent_at is None:
        return timedelta()
    return now - sent_at if _EARLIEST_SENDING <= sent_at - stated_at <= _LATEST_SENDING else None


def business_time(
    *, stated_at: datetime, sent_at: datetime | None, now: datetime, settings: TillSettings
) -> BusinessTime:
    """The sale's instant, corrected by the till's clock skew where that is outside tolerance.

    Where the clock is wrong by more and its skew cannot be told, the stated instant stands and ``clock_unclear`` says
    so. Whatever remains in the future beyond tolerance counts as ``now``. Nothing is refused for its time: a completed
    sale is a fact.
    """
    tolerance = timedelta(seconds=settings.clock_tolerance_seconds)
    occurred_at = stated_at
    flags = []
    if sent_at is not None and abs(now - sent_at) > tolerance:
        skew = clock_skew(stated_at=stated_at, sent_at=sent_at, now=now)
        occurred_at += skew or timedelta()
        flags.append("clock_unclear" if skew is None else "clock_corrected")
    if occurred_at > now + tolerance:
        flags.append("from_the_future")
    if now - occurred_at > timedelta(days=settings.offline_days):
        flags.append("late")
    return BusinessTime(min(occurred_at, now), tuple(flags))
