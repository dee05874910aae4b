"""Windows of time."""

from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.rules import Window
from loyalty.programme.windows import minute_of_day


def check_window(window: Window, path: str) -> Problems:
    """Bounds are well formed and leave some time between them."""
    if window.from_date and window.until_date and window.until_date <= window.from_date:
        yield ProgrammeProblem(f"{path}.until_date", "ends_before_start", "is not after from_date")
    if window.from_at and window.until_at and window.until_at <= window.from_at:
        yield ProgrammeProblem(f"{path}.until_at", "ends_before_start", "is not after from_at")
    for name in ("from_at", "until_at"):
        instant = getattr(window, name)
        if instant and (instant.second or instant.microsecond):
            yield ProgrammeProblem(f"{path}.{name}", "not_whole_minute", "is not a whole minute")
    for place, weekday in enumerate(window.weekdays):
        if not 1 <= weekday <= 7:
            yield ProgrammeProblem(f"{path}.weekdays[{place}]", "out_of_range", "is no ISO weekday from 1 to 7")
    minutes = {}
    for name in ("from_time", "until_time"):
        try:
            minutes[name] = minute_of_day(getattr(window, name))
        except ValueError as broken:
            yield ProgrammeProblem(f"{path}.{name}", "bad_time", str(broken))
    if len(minutes) == 2 and minutes["until_time"] <= minutes["from_time"]:
        yield ProgrammeProblem(
            f"{path}.until_time", "ends_before_start", "is not after from_time; over midnight takes two windows"
        )
