"""Which windows are open at an instant."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from loyalty.programme.rules import Window

MAX_REMEMBERED_MINUTES = 4_096
_MINUTES_A_DAY = 24 * 60
_TIME = re.compile(r"(24(?=:00)|[01][0-9]|2[0-3]):([0-5][0-9])")


class WindowIndex:
    """Rules by their windows. Bounds are whole minutes, so the answer of a minute can be remembered."""

    def __init__(self, windows: Sequence[tuple[Window, ...]]) -> None:
        """``windows`` holds each rule's windows, in the order of the rules' bits."""
        self._unrestricted = sum(1 << place for place, given in enumerate(windows) if not given)
        self._restricted = [(1 << place, given) for place, given in enumerate(windows) if given]
        self._remembered: dict[tuple[str, datetime], int] = {}

    def open_at(self, instant: datetime, local: datetime, zone: str) -> int:
        """Rules without windows or with one open at ``instant`` (UTC), which is ``local`` in ``zone``."""
        if not self._restricted:
            return self._unrestricted
        minute = (zone, instant.replace(second=0, microsecond=0))
        rules = self._remembered.get(minute)
        if rules is None:
            if len(self._remembered) >= MAX_REMEMBERED_MINUTES:
                self._remembered.clear()
            rules = self._unrestricted
            for bit, given in self._restricted:
                if any(is_open(window, instant, local) for window in given):
                    rules |= bit
            self._remembered[minute] = rules
        return rules


def is_open(window: Window, instant: datetime, local: datetime) -> bool:
    """Whether ``window`` is open at ``instant`` (aware), which is ``local`` in the store's zone. Half open."""
    today = local.date()
    minute = local.hour * 60 + local.minute
    return (
        (window.from_at is None or instant >= window.from_at)
        and (window.until_at is None or instant < window.until_at)
        and (window.from_date is None or today >= window.from_date)
        and (window.until_date is None or today < window.until_date)
        and (not window.weekdays or local.isoweekday() in window.weekdays)
        and minute_of_day(window.from_time) <= minute < minute_of_day(window.until_time)
    )


@lru_cache(maxsize=_MINUTES_A_DAY)
def minute_of_day(text: str) -> int:
    """Minutes since local midnight of "HH:MM", up to "24:00". Raises ``ValueError`` for anything else."""
    written = _TIME.fullmatch(text)
    if written is None:
        raise ValueError(f"{text!r} is no time HH:MM up to 24:00")
    return int(written[1]) * 60 + int(written[2])


@lru_cache(maxsize=1_024)
def zone_named(name: str) -> ZoneInfo:
    """The IANA zone ``name``; raises ``ZoneInfoNotFoundError``."""
    return ZoneInfo(name)
