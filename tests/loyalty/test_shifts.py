"""What a till counted beside what the books have, as values."""

import pytest

from loyalty.shifts import Booked, Count, Counts, Difference, Differences, agree, compare


def test_receipts_are_compared_by_key() -> None:
    same: dict[str, int] = {"a": 1, "b": 0}
    assert compare(same, {**same}) == Differences()
    assert compare({"a": 1}, {"a": None}) == Differences(), "what waits has no price yet"
    told = compare({"a": 1, "c": 3}, {"a": 2, "b": 5})
    assert [each.receipt_key for each in (*told.missing, *told.extra, *told.different)] == ["c", "b", "a"]
    assert told.different == (Difference(receipt_key="a", reported_minor=1, recorded_minor=2),)


@pytest.mark.parametrize(
    ("sales", "refunds", "booked", "expected"),
    [
        ((1, 5), (0, 0), Booked(sales={"a": 5}), True),
        ((1, 6), (0, 0), Booked(sales={"a": 5}), False),
        ((2, 5), (0, 0), Booked(sales={"a": 5}), False),
        ((0, 0), (1, 7), Booked(refunds={"r": 7}), True),
        ((0, 0), (1, 8), Booked(refunds={"r": 7}), False),
        ((0, 0), (2, 8), Booked(refunds={"r": 7, "s": None}), True),
        ((0, 0), (1, 7), Booked(refunds={"r": 7, "s": None}), False),
    ],
)
def test_counts_agree_when_numbers_and_totals_do(
    sales: tuple[int, int], refunds: tuple[int, int], booked: Booked, expected: bool
) -> None:
    reported = Counts(
        sales=Count(count=sales[0], total_minor=sales[1]), refunds=Count(count=refunds[0], total_minor=refunds[1])
    )
    assert agree(reported, booked, Differences()) is expected
