"""The fold: reached, kept, renewed, lost; each policy and each window."""

from datetime import date
from typing import Any

import pytest

from loyalty.tiers.folding import Fold
from loyalty.tiers.plan import Sums
from tests.loyalty.tiers.making import BRONZE, GOLD, JOINED, SILVER, folded, plan, tier, tiers

YEAR = {"kind": "calendar", "period": "year"}
TO_NEXT_YEAR = {"kind": "end_of_period", "count": 1, "period": "year"}


@pytest.mark.parametrize(
    ("points", "expected"), [(0, BRONZE), (99, BRONZE), (100, SILVER), (299, SILVER), (300, GOLD), (5_000, GOLD)]
)
def test_who_has_exactly_as_much_has_reached_it(points: int, expected: int) -> None:
    assert folded(plan(), {"2026-03-02": points}, "2026-03-02").tier == expected


@pytest.mark.parametrize(
    ("match", "measures", "expected"),
    [
        ("any", {"points": 100}, SILVER),
        ("any", {"spend_minor": 5_000}, SILVER),
        ("all", {"points": 100}, BRONZE),
        ("all", {"points": 100, "spend_minor": 4_999}, BRONZE),
        ("all", {"points": 100, "spend_minor": 5_000}, SILVER),
    ],
)
def test_any_or_all_of_several_measures(match: str, measures: dict[str, int], expected: int) -> None:
    needs = {"match": match, "points": 100, "spend_minor": 5_000}
    fold = Fold(plan(of=[tier("bronze"), tier("silver", thresholds=needs)]), {JOINED: Sums(**measures)}, JOINED)
    fold.run(JOINED)
    assert fold.tier == expected


CASES: list[tuple[str, dict[str, Any], dict[str, int], list[tuple[str, int]]]] = [
    (
        "a calendar year is over on its last day",
        {"window": YEAR},
        {"2026-03-10": 300},
        [("2026-03-09", BRONZE), ("2026-03-10", GOLD), ("2026-12-31", GOLD), ("2027-01-01", BRONZE)],
    ),
    (
        "what two years come to is in neither",
        {"window": YEAR},
        {"2026-12-31": 60, "2027-01-01": 60},
        [("2027-01-01", BRONZE), ("2027-12-31", BRONZE)],
    ),
    (
        "kept through the next year, and through another when it is reached again",
        {"window": YEAR, "retention": TO_NEXT_YEAR},
        {"2026-03-10": 100, "2027-06-01": 100},
        [("2027-12-31", SILVER), ("2028-12-31", SILVER), ("2029-01-01", BRONZE)],
    ),
    (
        "a year in which it is not reached does not renew it",
        {"window": YEAR, "retention": TO_NEXT_YEAR},
        {"2026-03-10": 100, "2027-06-01": 99},
        [("2027-12-31", SILVER), ("2028-01-01", BRONZE)],
    ),
    (
        "one step at the end of each window",
        {"window": YEAR, "downgrade": "one_step"},
        {"2026-03-10": 300},
        [("2026-12-31", GOLD), ("2027-01-01", SILVER), ("2027-12-31", SILVER), ("2028-01-01", BRONZE)],
    ),
    (
        "time never takes it",
        {"window": YEAR, "downgrade": "never"},
        {"2026-03-10": 300},
        [("2026-12-31", GOLD), ("2036-01-01", GOLD)],
    ),
    (
        "grace is for reaching it anew",
        {"window": YEAR, "grace_days": 14},
        {"2026-03-10": 300, "2027-01-14": 300},
        [("2027-01-14", GOLD), ("2027-12-31", GOLD), ("2028-01-14", GOLD), ("2028-01-15", BRONZE)],
    ),
    (
        "grace ends",
        {"window": YEAR, "grace_days": 14},
        {"2026-03-10": 300, "2027-01-14": 299},
        [("2027-01-14", GOLD), ("2027-01-15", SILVER)],
    ),
    (
        "a rolling window keeps it while it holds enough",
        {"window": {"kind": "days", "count": 30}},
        {"2026-03-01": 60, "2026-03-11": 40, "2026-03-31": 60},
        [("2026-03-10", BRONZE), ("2026-03-11", SILVER), ("2026-04-09", SILVER), ("2026-04-10", BRONZE)],
    ),
    (
        "twelve rolling months from a leap day",
        {"window": {"kind": "months", "count": 12}},
        {"2024-02-29": 100},
        [("2025-02-28", SILVER), ("2025-03-01", BRONZE)],
    ),
    (
        "one step in a rolling window, another window later",
        {"window": {"kind": "days", "count": 30}, "downgrade": "one_step"},
        {"2026-03-01": 300},
        [("2026-03-30", GOLD), ("2026-03-31", SILVER), ("2026-04-29", SILVER), ("2026-04-30", BRONZE)],
    ),
    (
        "a rolling window with a retention is looked at when that ends",
        {"window": {"kind": "days", "count": 30}, "retention": {"kind": "end_of_period", "period": "month"}},
        {"2026-03-02": 100},
        [("2026-03-31", SILVER), ("2026-04-01", BRONZE)],
    ),
    (
        "still enough at the end of the retention is another retention",
        {"window": {"kind": "days", "count": 30}, "retention": {"kind": "end_of_period", "period": "month"}},
        {"2026-03-05": 100},
        [("2026-04-01", SILVER), ("2026-04-30", SILVER), ("2026-05-01", BRONZE)],
    ),
    (
        "the floor holds",
        {"window": YEAR, "floor": "silver"},
        {"2026-03-10": 300},
        [("2025-01-01", SILVER), ("2026-03-10", GOLD), ("2027-01-01", SILVER)],
    ),
    (
        "what is taken without a sale takes the tier at once",
        {},
        {"2026-03-10": 120, "2026-03-20": -40},
        [("2026-03-19", SILVER), ("2026-03-20", BRONZE)],
    ),
    (
        "unless nothing ever does",
        {"downgrade": "never"},
        {"2026-03-10": 120, "2026-03-20": -40},
        [("2026-03-19", SILVER), ("2026-03-20", SILVER)],
    ),
    (
        "a membership year begins on the day of the enrolment",
        {"window": {"kind": "membership_year"}},
        {"2026-02-27": 60, "2026-02-28": 60, "2027-02-27": 40},
        [("2026-02-28", BRONZE), ("2027-02-27", SILVER), ("2027-02-28", BRONZE)],
    ),
]


@pytest.mark.parametrize(
    ("settings", "days", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_tier_of_a_day(settings: dict[str, Any], days: dict[str, int], expected: list[tuple[str, int]]) -> None:
    found = [(day, folded(plan(**settings), days, day).tier) for day, _ in expected]
    assert found == expected


@pytest.mark.parametrize(
    ("settings", "days", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_comes_next_is_what_comes(
    settings: dict[str, Any], days: dict[str, int], expected: list[tuple[str, int]]
) -> None:
    """The outlook of the last fact's day foretells the next change."""
    last = max(days)
    ahead = folded(plan(**settings), days, last).next_change(date.fromisoformat(last))
    later = [step for step in folded(plan(**settings), days, "2040-01-01").transitions if step.day.isoformat() > last]
    assert ahead == (later[0] if later and later[0].day.year < 2031 else None)


def test_a_tier_without_thresholds_is_given_by_hand_alone() -> None:
    made = plan(of=[*tiers(), tier("black")])
    assert folded(made, {"2026-03-02": 2**53 - 1}, "2026-03-02").tier == GOLD
