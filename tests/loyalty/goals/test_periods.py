"""Which days are a period, and what it is called."""

from datetime import date

import pytest

from loyalty.goals.periods import period_named, period_of


@pytest.mark.parametrize(
    ("kind", "day", "name", "first_day", "last_day"),
    [
        ("month", "2026-02-28", "2026-02", "2026-02-01", "2026-02-28"),
        ("month", "2024-02-29", "2024-02", "2024-02-01", "2024-02-29"),
        ("quarter", "2026-03-31", "2026-Q1", "2026-01-01", "2026-03-31"),
        ("quarter", "2026-12-31", "2026-Q4", "2026-10-01", "2026-12-31"),
        ("year", "2026-07-01", "2026", "2026-01-01", "2026-12-31"),
        ("week", "2026-01-01", "2026-W01", "2025-12-29", "2026-01-04"),
        ("week", "2027-01-03", "2026-W53", "2026-12-28", "2027-01-03"),
        ("week", "2026-03-02", "2026-W10", "2026-03-02", "2026-03-08"),
    ],
)
def test_a_day_is_in_its_period_whose_name_leads_back(
    kind: str, day: str, name: str, first_day: str, last_day: str
) -> None:
    period = period_of(kind, date.fromisoformat(day))
    assert (period.name, str(period.first_day), str(period.last_day)) == (name, first_day, last_day)
    assert period_named(name) == period
    assert period.has(period.first_day)
    assert period.has(period.last_day)
    assert not period.has(period.earlier(1).last_day)


@pytest.mark.parametrize(
    ("name", "earlier", "expected"),
    [("2026-03", 4, "2025-11"), ("2026-Q1", 1, "2025-Q4"), ("2026", 2, "2024"), ("2026-W01", 1, "2025-W52")],
)
def test_periods_are_counted_back_over_the_turn_of_the_year(name: str, earlier: int, expected: str) -> None:
    assert period_named(name).earlier(earlier).name == expected


@pytest.mark.parametrize("name", ["", "2026-", "2026-13", "2026-Q5", "2026-W60", "26-01", "2026-03-01"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        period_named(name)
