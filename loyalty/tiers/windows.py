"""Which days count together, and how long a tier is kept: arithmetic on local days. Pure.

Adding months keeps to the last day of a shorter month, so that an anniversary of 29 February is the 28th.
"""

from datetime import date, timedelta

from loyalty.earning.calendar import end_of_period, plus_months, start_of_period
from loyalty.programme.tiers import TierRetention, TierWindow

ONE_DAY = timedelta(days=1)


def is_rolling(window: TierWindow) -> bool:
    """Whether days leave the window one by one."""
    return window.kind in {"days", "months"}


def window_starts(window: TierWindow, day: date, joined: date) -> date:
    """The first day that counts together with ``day``, for a member who enrolled on ``joined``."""
    match window.kind:
        case "days":
            return day - timedelta(days=window.count - 1)
        case "months":
            return plus_months(day, -window.count) + ONE_DAY
        case "calendar":
            return start_of_period(window.period, day)
        case "membership_year":
            return _anniversary(joined, day)
        case _:
            return date.min


def window_ends(window: TierWindow, day: date, joined: date) -> date | None:
    """The last day of the window that ``day`` is in; None for windows without an end of their own."""
    if window.kind == "calendar":
        return end_of_period(window.period, day)
    if window.kind == "membership_year":
        return plus_months(joined, 12 * (_years(joined, day) + 1)) - ONE_DAY
    return None


def leaves_on(window: TierWindow, day: date) -> date:
    """The first day on which ``day`` does not count any more in a rolling window."""
    if window.kind == "days":
        return day + timedelta(days=window.count)
    after = plus_months(day, window.count)
    while window_starts(window, after, day) <= day:
        after += ONE_DAY
    return after


def period_of(window: TierWindow, day: date, joined: date) -> date | None:
    """The first day of the period in which an entry bonus is paid once: the window's, the year of a rolling one.

    None where everything counts for ever, and the bonus is paid once in a life.
    """
    if window.kind == "ever":
        return None
    return start_of_period("year", day) if is_rolling(window) else window_starts(window, day, joined)


def kept_through(retention: TierRetention, window: TierWindow, day: date, joined: date) -> date | None:
    """The last day, without grace, on which a tier is kept that was reached on ``day``.

    None: as long as what is in the window is enough.
    """
    match retention.kind:
        case "end_of_period":
            return end_of_period(retention.period, day, later=retention.count)
        case "days":
            return day + timedelta(days=retention.count)
        case "months":
            return plus_months(day, retention.count)
        case _:
            return window_ends(window, day, joined)


def step_kept_through(retention: TierRetention, window: TierWindow, day: date, joined: date) -> date:
    """The same for a tier that was stepped down to on ``day`` and is not reached: another retention, another window."""
    ends = kept_through(retention, window, day, joined)
    if ends is not None:
        return ends
    return leaves_on(window, day) - ONE_DAY if is_rolling(window) else day


def _anniversary(joined: date, day: date) -> date:
    return plus_months(joined, 12 * _years(joined, day))


def _years(joined: date, day: date) -> int:
    """Whole years of membership on ``day``; below zero before the enrolment."""
    years = day.year - joined.year
    return years if plus_months(joined, 12 * years) <= day else years - 1
