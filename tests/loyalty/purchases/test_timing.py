"""When a sale happened, by what the till's clock showed then and when it sent the sale. Here it is noon on 2 March."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.programme.settings import TillSettings
from loyalty.purchases.timing import business_time, clock_skew

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TILL = TillSettings(clock_tolerance_seconds=300, offline_days=30)
FLAT_BATTERY = "1970-01-01T00:10:00"

CASES: dict[str, tuple[str, str | None, str, tuple[str, ...]]] = {
    # what: stated, sent by the same clock, what counts, flags
    "a right clock": ("2026-03-02T11:00:00", "2026-03-02T12:00:00", "2026-03-02T11:00:00", ()),
    "a clock that is not told": ("2026-03-02T11:00:00", None, "2026-03-02T11:00:00", ()),
    "off by the tolerance": ("2026-03-02T11:00:00", "2026-03-02T12:05:00", "2026-03-02T11:00:00", ()),
    "off by a second more": (
        "2026-03-02T11:00:00",
        "2026-03-02T12:05:01",
        "2026-03-02T10:54:59",
        ("clock_corrected",),
    ),
    "an hour slow": ("2026-03-02T10:30:00", "2026-03-02T11:00:00", "2026-03-02T11:30:00", ("clock_corrected",)),
    "a flat battery, sent at once": (FLAT_BATTERY, "1970-01-01T00:10:02", "2026-03-02T11:59:58", ("clock_corrected",)),
    "a flat battery, sent days later": (
        FLAT_BATTERY,
        "1970-02-10T00:10:00",
        "2026-01-21T12:00:00",
        ("clock_corrected", "late"),
    ),
    "the last year of all, sent at once": (
        "2199-12-31T23:00:00",
        "2199-12-31T23:59:00",
        "2026-03-02T11:01:00",
        ("clock_corrected",),
    ),
    "sent a year after": (
        "1999-01-01T00:00:00",
        "2000-01-02T00:00:00",
        "2025-03-01T12:00:00",
        ("clock_corrected", "late"),
    ),
    "sent more than a year after": (
        "1999-01-01T00:00:00",
        "2000-01-02T00:00:01",
        "1999-01-01T00:00:00",
        ("clock_unclear", "late"),
    ),
    "from one end of time to the other": (
        "1970-01-01T00:00:00",
        "2199-12-31T23:59:59",
        "1970-01-01T00:00:00",
        ("clock_unclear", "late"),
    ),
    "sent before it happened": (
        "2026-03-02T11:00:00",
        FLAT_BATTERY,
        "2026-03-02T11:00:00",
        ("clock_unclear",),
    ),
    "sent before it happened, which is to come": (
        "2199-12-31T23:59:59",
        FLAT_BATTERY,
        "2026-03-02T12:00:00",
        ("clock_unclear", "from_the_future"),
    ),
    "stamped when it was packed up": (
        "2026-03-02T11:00:59",
        "2026-03-02T11:00:00",
        "2026-03-02T12:00:00",
        ("clock_corrected",),
    ),
    "old, by a clock that is right by now": (FLAT_BATTERY, "2026-03-02T12:00:00", FLAT_BATTERY, ("late",)),
    "to come, by a clock that is right": (
        "2026-03-02T12:05:01",
        "2026-03-02T12:00:00",
        "2026-03-02T12:00:00",
        ("from_the_future",),
    ),
    "offline as long as expected": ("2026-01-31T12:00:00", None, "2026-01-31T12:00:00", ()),
    "offline for longer": ("2026-01-31T11:59:59", None, "2026-01-31T11:59:59", ("late",)),
}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("what", CASES)
def test_the_instant_that_counts(what: str) -> None:
    stated, sent, counts, flags = CASES[what]
    sent_at = None if sent is None else instant(sent)
    time = business_time(stated_at=instant(stated), sent_at=sent_at, now=NOW, settings=TILL)
    assert (time.occurred_at, time.flags) == (instant(counts), flags)


@pytest.mark.parametrize("year", [1970, 1999, 2026, 2027, 2199])
@pytest.mark.parametrize("waited_days", [-40_000, -1, 0, 1, 366, 367, 40_000])
def test_nothing_is_corrected_to_more_than_a_year_ago_or_to_later_than_now(year: int, waited_days: int) -> None:
    sent_at = datetime(year, 1, 1, tzinfo=UTC)
    stated_at = sent_at - timedelta(days=waited_days)
    skew = clock_skew(stated_at=stated_at, sent_at=sent_at, now=NOW)
    assert skew is None or NOW - timedelta(days=366) <= stated_at + skew <= NOW
