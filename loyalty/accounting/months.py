"""Calendar months as accounting periods. Pure."""

import re
from datetime import date, datetime
from typing import Final

from loyalty.earning.calendar import local_day_starts

_MONTH: Final = re.compile(r"(?P<year>20[0-9]{2})-(?P<month>0[1-9]|1[0-2])\Z", re.ASCII)


def month_of(day: date) -> str:
    """``2026-02``."""
    return f"{day.year:04}-{day.month:02}"


def is_month(text: str) -> bool:
    """Whether it is a month of this century, written as ``2026-02``."""
    return _MONTH.match(text) is not None


def month_after(month: str) -> str:
    return month_of(_first_day_after(month))


def month_starts(month: str, zone: str) -> datetime:
    return local_day_starts(date.fromisoformat(f"{month}-01"), zone)


def month_ends(month: str, zone: str) -> datetime:
    """Exclusive."""
    return local_day_starts(_first_day_after(month), zone)


def _first_day_after(month: str) -> date:
    year, number = (int(part) for part in month.split("-"))
    return date(year + number // 12, number % 12 + 1, 1)
