"""Calendar periods of local days, by names that tell a month from the quarter that begins with it. Pure."""

import re
from datetime import date, timedelta
from typing import Final, NamedTuple

from loyalty.earning.calendar import end_of_period, plus_months, start_of_period

_WEEK: Final = timedelta(days=7)
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_NAME: Final = re.compile(r"(\d{4})(?:-(?:W(\d\d)|Q(\d)|(\d\d)))?")


class Period(NamedTuple):
    """The days from ``first_day`` to ``last_day``, both included."""

    kind: str
    """week (ISO 8601, from Monday), month, quarter or year."""
    first_day: date
    last_day: date

    @property
    def name(self) -> str:
        """``2026-W09``, ``2026-03``, ``2026-Q1`` or ``2026``."""
        day = self.first_day
        match self.kind:
            case "week":
                year, week, _ = day.isocalendar()
                return f"{year:04}-W{week:02}"
            case "month":
                return f"{day.year:04}-{day.month:02}"
            case "quarter":
                return f"{day.year:04}-Q{(day.month + 2) // 3}"
            case _:
                return f"{day.year:04}"

    def earlier(self, periods: int) -> "Period":
        """The one that is so many ``periods`` before."""
        if self.kind == "week":
            return period_of("week", self.first_day - periods * _WEEK)
        return period_of(self.kind, plus_months(self.first_day, -periods * _MONTHS[self.kind]))

    def has(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


def period_of(kind: str, day: date) -> Period:
    """The week, month, quarter or year that ``day`` is in."""
    if kind == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(kind, monday, monday + _WEEK - timedelta(days=1))
    return Period(kind, start_of_period(kind, day), end_of_period(kind, day))


def period_named(name: str) -> Period:
    """The period of ``Period.name``. Raises ``ValueError`` for another text."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} names no period")
    year, week, quarter, month = (None if part is None else int(part) for part in found.groups())
    assert year is not None, "every name begins with it"
    if week is not None:
        return period_of("week", date.fromisocalendar(year, week, 1))
    if quarter is not None:
        return period_of("quarter", date(year, quarter * 3, 1))
    return period_of("year", date(year, 1, 1)) if month is None else period_of("month", date(year, month, 1))
