from datetime import UTC, date, datetime

import pytest

from loyalty.earning.purchase import StoreFacts
from loyalty.programme.rules import Window
from tests.loyalty.earning.making import basket, evaluated, fixed, line, programme, rule


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day and on


BLACK_FRIDAY = Window(from_date=date(2026, 11, 27), until_date=date(2026, 11, 28))
INSTANTS = Window(from_at=utc(2026, 11, 27), until_at=utc(2026, 11, 28))
HAPPY_HOUR = Window(from_time="17:00", until_time="19:00")
WEEKEND = Window(weekdays=(6, 7))


@pytest.mark.parametrize(
    ("windows", "zone", "at", "is_open"),
    [
        pytest.param((INSTANTS,), "UTC", utc(2026, 11, 27, 12), True, id="A31: inside"),
        pytest.param((INSTANTS,), "UTC", utc(2026, 11, 26, 23, 59, 59), False, id="A31: a second too early"),
        pytest.param((INSTANTS,), "UTC", utc(2026, 11, 28, 0, 0, 1), False, id="A31: a second too late"),
        pytest.param((INSTANTS,), "UTC", utc(2026, 11, 27), True, id="the start belongs to it"),
        pytest.param((INSTANTS,), "UTC", utc(2026, 11, 28), False, id="the end does not"),
        pytest.param((Window(from_at=utc(2026, 11, 27)),), "UTC", utc(2036, 1, 1), True, id="A31: an open end"),
        pytest.param((Window(until_at=utc(2026, 11, 27)),), "UTC", utc(1999, 1, 1), True, id="A31: an open start"),
        pytest.param((BLACK_FRIDAY,), "Europe/Berlin", utc(2026, 11, 26, 23), True, id="midnight in Berlin"),
        pytest.param((BLACK_FRIDAY,), "Europe/Berlin", utc(2026, 11, 27, 23), False, id="the next midnight in Berlin"),
        pytest.param((BLACK_FRIDAY,), "Asia/Tokyo", utc(2026, 11, 26, 15), True, id="midnight in Tokyo"),
        pytest.param((HAPPY_HOUR,), "Europe/Berlin", utc(2026, 7, 1, 15), True, id="17:00 in summer"),
        pytest.param((HAPPY_HOUR,), "Europe/Berlin", utc(2026, 1, 7, 15), False, id="16:00 in winter"),
        pytest.param((HAPPY_HOUR,), "Europe/Berlin", utc(2026, 1, 7, 17, 59, 59), True, id="18:59:59"),
        pytest.param((HAPPY_HOUR,), "Europe/Berlin", utc(2026, 1, 7, 18), False, id="19:00"),
        pytest.param((WEEKEND,), "Europe/Berlin", utc(2026, 11, 27, 23), True, id="already Saturday in Berlin"),
        pytest.param((WEEKEND,), "UTC", utc(2026, 11, 27, 23), False, id="still Friday in UTC"),
        pytest.param((WEEKEND, HAPPY_HOUR), "UTC", utc(2026, 11, 27, 18), True, id="either of two windows"),
        pytest.param(
            (Window(weekdays=(6,), from_time="17:00"),), "UTC", utc(2026, 11, 28, 16), False, id="day, not hour"
        ),
    ],
)
def test_a_window_is_half_open_in_the_stores_zone(
    windows: tuple[Window, ...], zone: str, at: datetime, is_open: bool
) -> None:
    snapshot = programme(rule("base", fixed(5), windows=windows))
    evaluation = evaluated(basket(line("a", 100), at=at), snapshot, store=StoreFacts(code="s", zone=zone))
    assert bool(evaluation.fired) is is_open
    assert ("window" in evaluation.missed) is not is_open


def test_the_remembered_answer_of_a_minute_belongs_to_its_zone() -> None:
    snapshot = programme(rule("base", fixed(5), windows=(WEEKEND,)))
    late_friday = basket(line("a", 100), at=utc(2026, 11, 27, 23))
    fired = [
        bool(evaluated(late_friday, snapshot, store=StoreFacts(code="s", zone=zone)).fired)
        for zone in ("Europe/Berlin", "UTC", "Europe/Berlin")
    ]
    assert fired == [True, False, True]
