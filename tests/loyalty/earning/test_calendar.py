from datetime import UTC, date, datetime

import pytest

from loyalty.earning.calendar import available_from, balance_expires_at, expires_at, period_keys
from loyalty.programme.policies import ExpiryPolicy, PendingPolicy

BERLIN = "Europe/Berlin"


def days(count: int) -> ExpiryPolicy:
    return ExpiryPolicy(kind="days", count=count)


def months(count: int) -> ExpiryPolicy:
    return ExpiryPolicy(kind="months", count=count)


def end_of(period: str, count: int) -> ExpiryPolicy:
    return ExpiryPolicy(kind="end_of_period", period=period, count=count)  # type: ignore[arg-type]  # from a table


def calendar(*dates: str, count: int = 0) -> ExpiryPolicy:
    return ExpiryPolicy(kind="calendar", dates=dates, count=count)


@pytest.mark.parametrize(
    ("policy", "available", "gone_on"),
    [
        pytest.param(
            months(1), date(2026, 1, 31), date(2026, 3, 1), id="D17: 31 January lives to the end of 28 February"
        ),
        pytest.param(months(1), date(2026, 1, 30), date(2026, 3, 1), id="D17: so does 30 January"),
        pytest.param(months(1), date(2026, 1, 29), date(2026, 3, 1), id="D17: and 29 January"),
        pytest.param(
            months(1), date(2028, 1, 31), date(2028, 3, 1), id="D17 in a leap year: to the end of 29 February"
        ),
        pytest.param(end_of("month", 1), date(2026, 1, 1), date(2026, 3, 1), id="D19: the first of January"),
        pytest.param(end_of("month", 1), date(2026, 1, 31), date(2026, 3, 1), id="D19: the last of January"),
        pytest.param(end_of("month", 6), date(2020, 12, 15), date(2021, 7, 1), id="D21"),
        pytest.param(days(90), date(2026, 1, 1), date(2026, 4, 2), id="D03: gone on day 91"),
        pytest.param(end_of("month", 0), date(2026, 2, 3), date(2026, 3, 1), id="the end of this month"),
        pytest.param(end_of("quarter", 0), date(2026, 5, 31), date(2026, 7, 1), id="the end of this quarter"),
        pytest.param(end_of("quarter", 1), date(2026, 11, 30), date(2027, 4, 1), id="the end of the next quarter"),
        pytest.param(end_of("year", 1), date(2026, 11, 30), date(2028, 1, 1), id="the end of next year"),
        pytest.param(calendar("06-30", "12-31"), date(2026, 6, 30), date(2026, 7, 1), id="on the calendar date itself"),
        pytest.param(calendar("06-30", "12-31"), date(2026, 7, 1), date(2027, 1, 1), id="the next calendar date"),
        pytest.param(calendar("03-31"), date(2026, 4, 1), date(2027, 4, 1), id="next year's calendar date"),
        pytest.param(calendar("12-31", count=90), date(2026, 10, 15), date(2028, 1, 1), id="a calendar date too near"),
        pytest.param(calendar("02-29"), date(2026, 1, 1), date(2026, 3, 1), id="29 February in a common year"),
        pytest.param(
            ExpiryPolicy(kind="on_date", last_day=date(2026, 12, 24)), date(2026, 1, 1), date(2026, 12, 25), id="a date"
        ),
    ],
)
def test_a_lot_lives_through_its_last_local_day(policy: ExpiryPolicy, available: date, gone_on: date) -> None:
    at_noon = datetime(available.year, available.month, available.day, 12, tzinfo=UTC)
    assert expires_at(policy, at_noon, "UTC") == datetime(gone_on.year, gone_on.month, gone_on.day, tzinfo=UTC)


@pytest.mark.parametrize("policy", [ExpiryPolicy(), ExpiryPolicy(kind="sliding_days", count=30)])
def test_a_lot_without_an_expiry_of_its_own_never_expires(policy: ExpiryPolicy) -> None:
    assert expires_at(policy, datetime(2026, 1, 1, tzinfo=UTC), BERLIN) is None


def test_expiry_days_are_days_of_the_zone() -> None:
    # 23:30 UTC on 30 June is already 1 July in Berlin, and summer time is two hours ahead.
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert expires_at(end_of("month", 0), late, BERLIN) == datetime(2026, 7, 31, 22, tzinfo=UTC)
    assert expires_at(end_of("month", 0), late, "UTC") == datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_of_clock_changes_is_one_day(day: date, hours: int) -> None:
    start = expires_at(
        ExpiryPolicy(kind="on_date", last_day=day.replace(day=day.day - 1) if day.day > 1 else date(2026, 5, 31)),
        datetime(2026, 1, 1, tzinfo=UTC),
        BERLIN,
    )
    end = expires_at(ExpiryPolicy(kind="on_date", last_day=day), datetime(2026, 1, 1, tzinfo=UTC), BERLIN)
    assert start is not None
    assert end is not None
    assert (end - start).total_seconds() == hours * 3_600


def test_a_midnight_that_the_clocks_skip_is_the_skip_itself() -> None:
    # Beirut went from 23:59 on 25 March 2028 straight to 01:00 on 26 March.
    policy = ExpiryPolicy(kind="on_date", last_day=date(2028, 3, 25))
    assert expires_at(policy, datetime(2028, 1, 1, tzinfo=UTC), "Asia/Beirut") == datetime(2028, 3, 25, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "available"),
    [
        pytest.param(PendingPolicy(), None, id="at once"),
        pytest.param(PendingPolicy(kind="days", days=1), datetime(2026, 11, 28, 23, tzinfo=UTC), id="one whole day"),
        pytest.param(PendingPolicy(kind="days", days=14), datetime(2026, 12, 11, 23, tzinfo=UTC), id="D23: 14 days"),
        pytest.param(
            PendingPolicy(kind="until", until=date(2026, 12, 24)),
            datetime(2026, 12, 23, 23, tzinfo=UTC),
            id="until a day",
        ),
        pytest.param(PendingPolicy(kind="until", until=date(2026, 11, 27)), None, id="until a day that has come"),
    ],
)
def test_points_wait_for_whole_local_days(policy: PendingPolicy, available: datetime | None) -> None:
    assert available_from(policy, date(2026, 11, 27), BERLIN) == available


def test_a_sliding_balance_lives_from_the_last_activity() -> None:
    active = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert balance_expires_at(ExpiryPolicy(kind="sliding_months", count=1), active, "UTC") == datetime(
        2026, 3, 1, tzinfo=UTC
    )
    assert balance_expires_at(ExpiryPolicy(kind="sliding_days", count=1), active, "UTC") == datetime(
        2026, 2, 2, tzinfo=UTC
    )
    assert balance_expires_at(ExpiryPolicy(kind="months", count=1), active, "UTC") is None


@pytest.mark.parametrize(
    ("day", "keys"),
    [
        (date(2026, 11, 27), ("2026-11-27", "2026-11-23", "2026-11-01")),
        (date(2027, 1, 1), ("2027-01-01", "2026-12-28", "2027-01-01")),
        (date(2026, 11, 23), ("2026-11-23", "2026-11-23", "2026-11-01")),
    ],
)
def test_a_cap_period_is_keyed_by_its_first_day(day: date, keys: tuple[str, str, str]) -> None:
    assert tuple(period_keys(day).values()) == (*keys, "ever")
