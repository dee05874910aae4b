from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.spending.allocation import AllocationExceedsLinesError, AllocationLine, allocate

AMOUNTS = st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 2**53 - 1), max_size=40)


def shares_of(amount_minor: int, amounts: dict[str, int], minimum_line_minor: int = 0) -> dict[str, int]:
    lines = [AllocationLine(line_id, amount) for line_id, amount in amounts.items()]
    return allocate(amount_minor, lines, minimum_line_minor=minimum_line_minor)


@pytest.mark.parametrize(
    ("amount", "lines", "minimum", "shares"),
    [
        (100, {"a": 100, "b": 100, "c": 100}, 0, {"a": 34, "b": 33, "c": 33}),
        (1, {"a": 1, "b": 1}, 0, {"a": 1, "b": 0}),
        (10, {"a": 10, "b": 0}, 0, {"a": 10, "b": 0}),
        (98, {"a": 50, "b": 50}, 1, {"a": 49, "b": 49}),
        (3, {"a": 1, "b": 4}, 1, {"a": 0, "b": 3}),
        (0, {"a": 5}, 0, {"a": 0}),
        (0, {}, 0, {}),
        (7, {"b": 1, "a": 20}, 0, {"b": 0, "a": 7}),
    ],
)
def test_an_amount_is_shared_in_proportion(
    amount: int, lines: dict[str, int], minimum: int, shares: dict[str, int]
) -> None:
    assert shares_of(amount, lines, minimum) == shares


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, dict[str, int], int]:
    amounts = draw(AMOUNTS)
    minimum = draw(st.sampled_from((0, 1, 100)))
    capacity = sum(max(amount - minimum, 0) for amount in amounts.values())
    return draw(st.integers(0, capacity)), amounts, minimum


@given(cases())
def test_shares_add_up_fit_and_stay_within_one_unit_of_the_proportion(case: tuple[int, dict[str, int], int]) -> None:
    amount, amounts, minimum = case
    shares = shares_of(amount, amounts, minimum)
    capacity = sum(max(line - minimum, 0) for line in amounts.values())
    assert sum(shares.values()) == amount
    assert shares.keys() == amounts.keys()
    for line_id, share in shares.items():
        room = max(amounts[line_id] - minimum, 0)
        assert 0 <= share <= room
        assert abs(share * capacity - amount * room) < max(capacity, 1)


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_share(case: tuple[int, dict[str, int], int], random: Random) -> None:
    amount, amounts, minimum = case
    shuffled = list(amounts.items())
    random.shuffle(shuffled)
    assert shares_of(amount, dict(shuffled), minimum) == shares_of(amount, amounts, minimum)


@pytest.mark.parametrize(("amount", "lines", "minimum"), [(1, {}, 0), (11, {"a": 10}, 0), (10, {"a": 10}, 1)])
def test_more_than_the_lines_can_take_is_refused(amount: int, lines: dict[str, int], minimum: int) -> None:
    with pytest.raises(AllocationExceedsLinesError):
        shares_of(amount, lines, minimum)


def test_a_negative_amount_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="negative"):
        shares_of(-1, {"a": 10})
