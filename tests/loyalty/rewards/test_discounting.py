"""What rewards take off baskets: exact shares, bounds, the cheapest unit."""

from typing import Any

import pytest
from msgspec import convert

from loyalty.earning.purchase import EarningPurchase
from loyalty.programme.rewards import RewardEffect
from loyalty.rewards.discounting import discount_of
from tests.loyalty.earning.making import basket, line

TENTH = {"kind": "percent_discount", "share_bp": 1_000}
FREE = {"kind": "free_item"}
FIXED = {"kind": "amount_discount"}
CASES: list[tuple[str, dict[str, Any], EarningPurchase, dict[str, int]]] = [
    ("a tenth, rounded down", TENTH, basket(line("a", 1_999)), {"a": 199}),
    ("exact over lines", TENTH, basket(line("a", 333), line("b", 334), line("c", 333)), {"a": 33, "b": 34, "c": 33}),
    ("at most", {**TENTH, "maximum_minor": 900}, basket(line("a", 12_000)), {"a": 900}),
    ("after other discounts", TENTH, basket(line("a", 1_000, discount_minor=500)), {"a": 50}),
    ("after the order's discount", TENTH, basket(line("a", 1_000), order_discount_minor=100), {"a": 90}),
    ("matching lines", {**TENTH, "lines": {"skus": ["b"]}}, basket(line("a", 100), line("b", 100)), {"b": 10}),
    ("but never some", {**TENTH, "except_lines": {"skus": ["b"]}}, basket(line("a", 100), line("b", 100)), {"a": 10}),
    ("goods unless told", TENTH, basket(line("a", 100), line("d", 100, kind="gift_card")), {"a": 10}),
    (
        "an amount",
        {"kind": "amount_discount", "amount_minor": 150},
        basket(line("a", 100), line("b", 200)),
        {"a": 50, "b": 100},
    ),
    ("no more than there is", {**FIXED, "amount_minor": 999}, basket(line("a", 100)), {"a": 100}),
    ("the cheapest", FREE, basket(line("a", 300), line("b", 200)), {"b": 200}),
    ("one unit of many", FREE, basket(line("a", 300), line("b", 400, "2")), {"b": 200}),
    ("a unit of three", FREE, basket(line("b", 1_000, "3")), {"b": 333}),
    ("no part of a unit", FREE, basket(line("a", 300), line("b", 10, "0.5")), {"a": 300}),
    ("nothing below the minimum", {**TENTH, "minimum_basket_minor": 1_001}, basket(line("a", 1_000)), {}),
    ("from the minimum on", {**TENTH, "minimum_basket_minor": 1_000}, basket(line("a", 1_000)), {"a": 100}),
]


@pytest.mark.parametrize(("effect", "goods", "by_line"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_discount_is_shared_exactly(effect: dict[str, Any], goods: EarningPurchase, by_line: dict[str, int]) -> None:
    discount = discount_of(convert(effect, RewardEffect), goods)
    assert (discount.by_line, discount.minor) == (by_line, sum(by_line.values()))


def test_each_line_keeps_its_minimum() -> None:
    everything = RewardEffect(kind="percent_discount", share_bp=10_000)
    discount = discount_of(everything, basket(line("a", 100), line("b", 1)), minimum_line_minor=1)
    assert discount.by_line == {"a": 99}
    assert discount_of(RewardEffect(kind="free_item"), basket(line("a", 100)), minimum_line_minor=1).minor == 99


@pytest.mark.parametrize(
    ("effect", "reason"),
    [
        ({**TENTH, "minimum_basket_minor": 101}, "below_minimum_basket"),
        ({**TENTH, "lines": {"tags": ["hot"]}}, "nothing_eligible"),
        ({**FREE, "lines": {"tags": ["hot"]}}, "nothing_eligible"),
        ({"kind": "gift"}, "no_discount"),
    ],
)
def test_why_nothing_is_taken_off(effect: dict[str, Any], reason: str) -> None:
    assert discount_of(convert(effect, RewardEffect), basket(line("a", 100))).reason == reason
