"""When a payment is early, on time or late, and what a run of punctual payments is."""

from datetime import UTC, date, datetime

import pytest

from loyalty.invoices.timeliness import Settled, days_early, punctual_run, timeliness_of
from loyalty.models import Invoice

DUE = date(2026, 3, 29)
TODAY = date(2026, 3, 20)

PAID_AT = [
    ("Europe/Moscow", datetime(2026, 3, 28, 20, 59, 59, tzinfo=UTC), "early", 1),
    ("Europe/Moscow", datetime(2026, 3, 28, 21, tzinfo=UTC), "on_time", 0),
    ("Europe/Moscow", datetime(2026, 3, 29, 20, 59, 59, 999_999, tzinfo=UTC), "on_time", 0),
    ("Europe/Moscow", datetime(2026, 3, 29, 21, tzinfo=UTC), "late", -1),
    # The clocks go forward in the night to the 29th: that day has 23 hours.
    ("Europe/Madrid", datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), "early", 1),
    ("Europe/Madrid", datetime(2026, 3, 28, 23, tzinfo=UTC), "on_time", 0),
    ("Europe/Madrid", datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC), "on_time", 0),
    ("Europe/Madrid", datetime(2026, 3, 29, 22, tzinfo=UTC), "late", -1),
    ("Pacific/Kiritimati", datetime(2026, 3, 29, 10, tzinfo=UTC), "late", -1),
    ("Pacific/Pago_Pago", datetime(2026, 3, 30, 10, 59, tzinfo=UTC), "on_time", 0),
    ("UTC", datetime(2026, 2, 27, 12, tzinfo=UTC), "early", 30),
]


@pytest.mark.parametrize(("zone", "paid_at", "timeliness", "days"), PAID_AT)
def test_the_whole_due_date_in_the_members_zone_is_on_time(
    zone: str, paid_at: datetime, timeliness: str, days: int
) -> None:
    invoice = Invoice(member_id=1, invoice_no=1, due_on=DUE, zone=zone)
    assert days_early(invoice, paid_at) == days
    assert timeliness_of(days) == timeliness


def settled(due_day: int, paid_day: int | None) -> Settled:
    paid_on = None if paid_day is None else date(2026, 3, paid_day)
    return Settled(date(2026, 3, due_day), paid_on, TODAY)


RUNS = [
    ([], 1),
    ([settled(10, 10)], 2),
    ([settled(10, 9), settled(5, 5), settled(1, 1)], 4),
    ([settled(10, 9), settled(5, 6), settled(1, 1)], 2),
    ([settled(10, 11)], 1),
    ([settled(19, None), settled(5, 5)], 1),
    ([settled(20, None), settled(5, 5)], 2),
    ([settled(25, None), settled(20, 20)], 2),
]


@pytest.mark.parametrize(("earlier", "run"), RUNS)
def test_what_is_late_or_overdue_ends_a_run_and_what_is_not_due_yet_does_not(earlier: list[Settled], run: int) -> None:
    assert punctual_run(earlier) == run
