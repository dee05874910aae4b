"""Days into instants: when points become available, when they expire, which period a day falls into.

All arithmetic is on local days of a zone and ends in aware UTC instants. A period ends where the next local day
starts, and an expiry instant is exclusive. Adding months keeps to the last day of a shorter month.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from types import MappingProxyType

from dateutil.relativedelta import relativedelta

from loyalty.programme.policies import ExpiryPolicy, PendingPolicy
from loyalty.programme.windows import zone_named

LIFETIME_KEY = "ever"
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=16_384)
def local_day_starts(day: date, zone: str) -> datetime:
    """The instant at which ``day`` starts in ``zone``, as aware UTC; where midnight is skipped, the skip itself."""
    return datetime.combine(day, time(), zone_named(zone)).astimezone(UTC)


@lru_cache(maxsize=4_096)
def available_from(policy: PendingPolicy, local_date: date, zone: str) -> datetime | None:
    """When points earned on ``local_date`` become available; None: at once."""
    if policy.kind == "days":
        return local_day_starts(local_date + timedelta(days=policy.days + 1), zone)
    if policy.kind == "until" and policy.until and policy.until > local_date:
        return local_day_starts(policy.until, zone)
    return None


def expires_at(policy: ExpiryPolicy, available_at: datetime, zone: str) -> datetime | None:
    """When a lot that becomes available at ``available_at`` (aware) expires: an exclusive UTC instant, None: never.

    A sliding policy gives no lot an expiry, see ``balance_expires_at``.
    """
    return _expires_after(policy, available_at.astimezone(zone_named(zone)).date(), zone)


def balance_expires_at(policy: ExpiryPolicy, last_activity_at: datetime, zone: str) -> datetime | None:
    """When a whole balance under a sliding policy expires after the last activity; None: not a sliding policy."""
    day = last_activity_at.astimezone(zone_named(zone)).date()
    if policy.kind == "sliding_days":
        return local_day_starts(day + timedelta(days=policy.count + 1), zone)
    if policy.kind == "sliding_months":
        return local_day_starts(plus_months(day, policy.count) + _ONE_DAY, zone)
    return None


@lru_cache(maxsize=4_096)
def _expires_after(policy: ExpiryPolicy, day: date, zone: str) -> datetime | None:
    last_day = last_usable_day(policy, day)
    return None if last_day is None else local_day_starts(last_day + _ONE_DAY, zone)


def last_usable_day(policy: ExpiryPolicy, day: date) -> date | None:
    """The last local day on which a lot can be spent that becomes available on ``day``; None: no last day."""
    match policy.kind:
        case "days":
            return day + timedelta(days=policy.count)
        case "months":
            return plus_months(day, policy.count)
        case "end_of_period":
            return end_of_period(policy.period, day, later=policy.count)
        case "calendar":
            return _next_yearly(policy.dates, day + timedelta(days=policy.count))
        case "on_date":
            return policy.last_day
        case _:
            return None


def start_of_period(period: str, day: date) -> date:
    """The first day of the month, quarter or year that ``day`` is in."""
    months = _MONTHS[period]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def end_of_period(period: str, day: date, *, later: int = 0) -> date:
    """The last day of the month, quarter or year that ``day`` is in, or of the one ``later`` so many of them."""
    return plus_months(start_of_period(period, day), _MONTHS[period] * (later + 1)) - _ONE_DAY


def _next_yearly(dates: tuple[str, ...], earliest: date) -> date:
    candidates = (_in_year(text, year) for text in dates for year in (earliest.year, earliest.year + 1))
    return min(day for day in candidates if day >= earliest)


def _in_year(text: str, year: int) -> date:
    month, day = (int(part) for part in text.split("-"))
    # "02-29" is the last day of February in every year.
    in_year: date = date(year, month, 1) + relativedelta(day=day)
    return in_year


def plus_months(day: date, months: int) -> date:
    """``months`` later on the same day of the month, or on the month's last day where it is shorter."""
    later: date = day + relativedelta(months=months)
    return later


@lru_cache(maxsize=1_024)
def period_keys(local_date: date) -> Mapping[str, str]:
    """Cap period (day, week, month, lifetime) to the key of the one that ``local_date`` is in.

    A key is the period's first local day as ISO text, or ``ever``; weeks start on Monday (ISO 8601).
    """
    return MappingProxyType(
        {
            "day": local_date.isoformat(),
            "week": (local_date - timedelta(days=local_date.weekday())).isoformat(),
            "month": local_date.replace(day=1).isoformat(),
            "lifetime": LIFETIME_KEY,
        }
    )


def period_key(period: str, local_date: date) -> str:
    """The key of one cap period, see ``period_keys``. Raises ``KeyError`` for another period."""
    return period_keys(local_date)[period]
