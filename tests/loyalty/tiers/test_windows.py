"""Windows and retentions: which days count together, and until when."""

from datetime import date, timedelta

import pytest

from loyalty.programme.tiers import TierRetention, TierWindow
from loyalty.tiers.windows import kept_through, leaves_on, period_of, window_ends, window_starts

JOINED = date(2024, 2, 29)
EVER = TierWindow()
DAYS = TierWindow(kind="days", count=30)
MONTHS = TierWindow(kind="months", count=12)
ONE_MONTH = TierWindow(kind="months", count=1)
YEAR = TierWindow(kind="calendar", period="year")
QUARTER = TierWindow(kind="calendar", period="quarter")
MONTH = TierWindow(kind="calendar", period="month")
MEMBERSHIP = TierWindow(kind="membership_year")


@pytest.mark.parametrize(
    ("window", "day", "starts", "ends"),
    [
        (EVER, "2026-03-02", "0001-01-01", None),
        (DAYS, "2026-03-02", "2026-02-01", None),
        (MONTHS, "2026-03-02", "2025-03-03", None),
        (MONTHS, "2025-02-28", "2024-02-29", None),
        (MONTHS, "2024-02-29", "2023-03-01", None),
        (ONE_MONTH, "2026-03-31", "2026-03-01", None),
        (ONE_MONTH, "2026-02-28", "2026-01-29", None),
        (YEAR, "2026-12-31", "2026-01-01", "2026-12-31"),
        (QUARTER, "2026-05-15", "2026-04-01", "2026-06-30"),
        (MONTH, "2028-02-10", "2028-02-01", "2028-02-29"),
        (MEMBERSHIP, "2026-02-27", "2025-02-28", "2026-02-27"),
        (MEMBERSHIP, "2026-02-28", "2026-02-28", "2027-02-27"),
        (MEMBERSHIP, "2028-02-28", "2027-02-28", "2028-02-28"),
        (MEMBERSHIP, "2028-02-29", "2028-02-29", "2029-02-27"),
        (MEMBERSHIP, "2024-01-10", "2023-02-28", "2024-02-28"),
    ],
)
def test_a_window_has_a_first_day_and_perhaps_a_last(
    window: TierWindow, day: str, starts: str, ends: str | None
) -> None:
    on = date.fromisoformat(day)
    assert window_starts(window, on, JOINED) == date.fromisoformat(starts)
    assert window_ends(window, on, JOINED) == (None if ends is None else date.fromisoformat(ends))


@pytest.mark.parametrize("window", [DAYS, MONTHS, ONE_MONTH, TierWindow(kind="months", count=6)])
def test_a_day_leaves_a_rolling_window_once(window: TierWindow) -> None:
    day = date(2023, 12, 1)
    while day < date(2024, 4, 1):
        gone = leaves_on(window, day)
        assert window_starts(window, gone - timedelta(days=1), JOINED) <= day < window_starts(window, gone, JOINED)
        day += timedelta(days=1)


@pytest.mark.parametrize("window", [YEAR, QUARTER, MONTH, MEMBERSHIP])
def test_windows_that_end_follow_each_other_without_gap(window: TierWindow) -> None:
    day = date(2023, 1, 1)
    while day < date(2029, 1, 1):
        ends = window_ends(window, day, JOINED)
        assert ends is not None
        assert window_starts(window, ends, JOINED) <= day <= ends
        assert window_starts(window, ends + timedelta(days=1), JOINED) == ends + timedelta(days=1)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("retention", "window", "day", "last"),
    [
        (TierRetention(), EVER, "2026-03-10", None),
        (TierRetention(), MONTHS, "2026-03-10", None),
        (TierRetention(), YEAR, "2026-03-10", "2026-12-31"),
        (TierRetention(kind="end_of_period"), EVER, "2026-03-10", "2026-03-31"),
        (TierRetention(kind="end_of_period", count=1), EVER, "2026-03-10", "2026-04-30"),
        (TierRetention(kind="end_of_period", count=1, period="year"), YEAR, "2026-03-10", "2027-12-31"),
        (TierRetention(kind="months", count=1), YEAR, "2026-01-31", "2026-02-28"),
        (TierRetention(kind="days", count=90), YEAR, "2026-03-10", "2026-06-08"),
    ],
)
def test_a_tier_is_kept_from_the_day_it_was_reached(
    retention: TierRetention, window: TierWindow, day: str, last: str | None
) -> None:
    expected = None if last is None else date.fromisoformat(last)
    assert kept_through(retention, window, date.fromisoformat(day), JOINED) == expected


@pytest.mark.parametrize(
    ("window", "period"),
    [(EVER, None), (MONTHS, "2026-01-01"), (QUARTER, "2026-04-01"), (MEMBERSHIP, "2026-02-28")],
)
def test_an_entry_bonus_has_a_period(window: TierWindow, period: str | None) -> None:
    expected = None if period is None else date.fromisoformat(period)
    assert period_of(window, date(2026, 5, 5), JOINED) == expected
