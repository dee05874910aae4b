"""What was bought in a period gives the thresholds that are reached: by tables of cases, and by laws."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.goals.averaging import own_average
from loyalty.goals.counting import Bought
from loyalty.goals.declared import Goals
from loyalty.goals.folding import crossings, reached_at_end
from loyalty.goals.periods import period_named
from tests.loyalty.goals.making import BEGIN, above, at_least, bought, goal, plan, published

MARCH = period_named("2026-03")
MIDDLE = datetime(2026, 3, 15, tzinfo=UTC)


def reached(receipts: Sequence[Bought], goals: Goals, period: str = "2026-03") -> dict[str, str]:
    """Threshold to the day on which it was crossed."""
    found = crossings(period_named(period), sorted(receipts), goals)
    return {crossing.threshold: str(crossing.at.date()) for crossing in found}


STEPS = published(plan(goal("month", at_least("first", 1_000), at_least("second", 2_500))))

CASES: list[tuple[list[Bought], dict[str, str]]] = [
    ([], {}),
    ([bought("2026-03-01", 999)], {}),
    ([bought("2026-03-01", 1_000)], {"first": "2026-03-01"}),
    ([bought("2026-02-28", 900), bought("2026-03-31", 100), bought("2026-04-01", 900)], {}),
    ([bought("2026-03-01", 600), bought("2026-03-05", 400)], {"first": "2026-03-05"}),
    ([bought("2026-03-05", 400), bought("2026-03-01", 600)], {"first": "2026-03-05"}),
    ([bought("2026-03-01", 3_000)], {"first": "2026-03-01", "second": "2026-03-01"}),
    ([bought("2026-03-01", 1_000), bought("2026-03-09", 1_500)], {"first": "2026-03-01", "second": "2026-03-09"}),
    ([bought("2026-03-01", 1_200), bought("2026-03-02", -200, no=0)], {"first": "2026-03-01"}),
    ([bought("2026-03-01", 1_200), bought("2026-03-02", -201, no=0)], {}),
]


@pytest.mark.parametrize(("receipts", "expected"), CASES)
def test_a_threshold_is_crossed_by_the_receipt_that_completes_it(
    receipts: list[Bought], expected: dict[str, str]
) -> None:
    assert reached(receipts, STEPS) == expected


LINES: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"lines": {"brands": ["Kolos"]}}, {"brand": "Kolos"}, True),
    ({"lines": {"brands": ["Kolos"]}}, {"brand": "Other"}, False),
    ({"lines": {"categories": ["oils"]}}, {"category": "oils/engine"}, True),
    ({"except_lines": {"categories": ["oils"]}}, {"category": "oils/engine"}, False),
    ({"lines": {"skus": ["x"]}}, {"discount_minor": 1}, False),
    ({"lines": {"skus": ["x"]}}, {"order_discount_minor": 1}, False),
    ({"counts": "quantity"}, {"quantity": Decimal(999)}, False),
    ({"counts": "quantity"}, {"quantity": Decimal("1000.4")}, True),
]


@pytest.mark.parametrize(("settings", "line", "counts"), LINES)
def test_a_goal_counts_the_lines_that_it_asks_for_less_their_discounts(
    settings: dict[str, Any], line: dict[str, Any], counts: bool
) -> None:
    goals = published(plan(goal("month", **settings)))
    assert bool(reached([bought("2026-03-01", 1_000, **line)], goals)) is counts


def test_two_halves_of_a_piece_are_a_piece() -> None:
    goals = published(plan(goal("month", at_least("one", 1), counts="quantity")))
    halves = [bought(f"2026-03-0{day}", 10, no=day, quantity=Decimal("0.5")) for day in (1, 2)]
    assert reached(halves, goals) == {"one": "2026-03-02"}


AVERAGES: list[tuple[dict[str, int], list[tuple[str, int]], int | None]] = [
    ({"2025-12": 100, "2026-01": 200, "2026-02": 300}, [("2025-12", 100), ("2026-01", 200), ("2026-02", 300)], 220),
    ({"2025-12": 100, "2026-02": 201}, [("2025-12", 100), ("2026-01", 0), ("2026-02", 201)], 111),
    ({"2026-01": 200, "2026-02": 300}, [("2026-01", 200), ("2026-02", 300)], None),
    ({"2025-11": 500}, [], None),
]


@pytest.mark.parametrize(("by_month", "periods", "required"), AVERAGES)
def test_the_own_average_is_of_the_periods_since_the_first_purchase_in_them(
    by_month: dict[str, int], periods: list[tuple[str, int]], required: int | None
) -> None:
    made = plan(goal("month", above("more", 110)))
    past = [bought(f"{month}-10", amount) for month, amount in by_month.items()]
    average = own_average(made, made.goals[0], MARCH, sorted(past))
    assert [(each.period, each.amount) for each in average.periods] == periods
    assert average.is_enough is (required is not None)
    if required is not None:
        just_below, enough = bought("2026-03-01", required - 1), bought("2026-03-01", required)
        assert reached([*past, just_below], published(made)) == {}
        assert reached([*past, enough], published(made)) == {"more": "2026-03-01"}


def test_the_version_at_the_crossing_decides() -> None:
    dear, cheap = plan(goal("month", at_least("first", 2_000))), plan(goal("month"), version=2)
    goals = published(dear, cheap, starts=(BEGIN, MIDDLE))
    before, after = bought("2026-03-10", 1_500), bought("2026-03-20", 100, no=2)
    assert reached([before], goals) == {}
    assert reached([before, after], goals) == {"first": "2026-03-20"}
    dearer = published(cheap, dear, starts=(BEGIN, MIDDLE))
    assert reached([before, after], dearer) == {"first": "2026-03-10"}, "reached while it was cheap"


def test_a_goal_that_is_paid_at_the_end_is_not_crossed_before() -> None:
    made = plan(goal("month", at_least("first", 1_000), at_least("second", 2_000), paid="at_end"))
    receipts = [bought("2026-03-01", 1_500)]
    assert reached(receipts, published(made)) == {}
    settled = reached_at_end(MARCH, receipts, made, made.goals[0], at=MIDDLE)
    assert [(each.threshold, each.at, each.required) for each in settled] == [("first", MIDDLE, 1_000)]


receipts_of_march = st.lists(
    st.builds(
        lambda day, amount, hour: bought(f"2026-03-{day:02}", amount, no=0 if amount < 0 else day, hour=hour),
        st.integers(1, 28),
        st.integers(-300, 900),
        st.integers(0, 23),
    ),
    max_size=12,
)


@given(receipts_of_march)
def test_what_stands_is_what_the_period_comes_to_in_whatever_order_it_was_heard_of(receipts: list[Bought]) -> None:
    total = sum(each.left_minor for each in receipts)
    expected = {code for code, amount in (("first", 1_000), ("second", 2_500)) if total >= amount}
    assert reached(receipts, STEPS).keys() == expected
    assert reached(list(reversed(receipts)), STEPS) == reached(receipts, STEPS)
