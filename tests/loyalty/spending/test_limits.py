from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.earning.purchase import EarningPurchase
from loyalty.programme.rules import LineNames
from loyalty.programme.spending import PointValue, SpendSettings
from loyalty.spending.decision import Spend, SpendRefusedError, decide_spend
from loyalty.spending.limits import spend_limits
from tests.loyalty.earning.generated import purchases
from tests.loyalty.earning.making import basket, line

CENT = PointValue(points=1, minor=1)
EURO = PointValue(points=1, minor=100)
SETONO = SpendSettings(value=CENT, minimum_points=500, maximum_share_bp=5_000, over_balance="clamp")
ONE_HUNDRED = basket(line("a", 10_000))


class Case(NamedTuple):
    id: str
    settings: SpendSettings
    available: int
    basket: EarningPurchase
    asked: int
    answer: int | str
    """Points spent, or the reason of the refusal."""


CASES = (
    Case("B13", SETONO, 5_000, ONE_HUNDRED, 1_000, 1_000),
    Case("B15", SETONO, 10_000, ONE_HUNDRED, 10_000, 5_000),
    Case("B17", SETONO, 10_000, ONE_HUNDRED, 400, "below_minimum"),
    Case("B21", SpendSettings(value=EURO), 40, basket(line("a", 1_254)), 15, "above_basket"),
    Case("B21: what fits", SpendSettings(value=EURO), 40, basket(line("a", 1_254)), 12, 12),
    Case("B23 in hundredths of a point", SpendSettings(value=CENT), 603, ONE_HUNDRED, 650, "above_balance"),
    Case(
        "B01: a whole multiple of three points",
        SpendSettings(value=PointValue(points=3, minor=450), step_points=3, over_balance="clamp"),
        10,
        ONE_HUNDRED,
        10,
        9,
    ),
    Case("exactly the minimum", SETONO, 500, ONE_HUNDRED, 500, 500),
    Case("a balance below the minimum", SETONO, 499, ONE_HUNDRED, 499, "insufficient_points"),
    Case("a basket below the minimum", SETONO, 5_000, basket(line("a", 998)), 500, "below_minimum"),
    Case("a balance in debt", SpendSettings(value=CENT), -5, ONE_HUNDRED, 1, "insufficient_points"),
    Case("points that pay nothing", SpendSettings(), 100, ONE_HUNDRED, 1, "not_for_payment"),
    Case(
        "above the share", SpendSettings(value=CENT, maximum_share_bp=3_000), 9_999, ONE_HUNDRED, 3_001, "above_share"
    ),
    Case("not a step", SpendSettings(value=CENT, step_points=100), 9_999, ONE_HUNDRED, 150, "not_a_step"),
    Case("ten points a cent", SpendSettings(value=PointValue(points=10, minor=1)), 99, ONE_HUNDRED, 95, "not_a_step"),
    Case("nothing asked", SETONO, 5_000, ONE_HUNDRED, 0, 0),
    Case("nothing asked of nothing", SpendSettings(), 0, ONE_HUNDRED, 0, 0),
    Case(
        "excluded lines",
        SpendSettings(value=CENT, excluded=LineNames(categories=("tobacco",), tags=("no",)), over_balance="clamp"),
        99_999,
        basket(line("a", 500), line("b", 900, category="tobacco/pipe"), line("c", 100, tags=("no",))),
        99_999,
        500,
    ),
    Case(
        "only excluded lines",
        SpendSettings(value=CENT, excluded=LineNames(kinds=("gift_card",))),
        99_999,
        basket(line("a", 500, kind="gift_card")),
        1,
        "nothing_eligible",
    ),
    Case(
        "a minimum on each line",
        SpendSettings(value=CENT, minimum_line_minor=1, over_balance="clamp"),
        99_999,
        basket(line("a", 500), line("b", 1)),
        99_999,
        499,
    ),
    Case(
        "the share is of what is left after discounts",
        SpendSettings(value=CENT, maximum_share_bp=5_000, over_balance="clamp"),
        99_999,
        basket(line("a", 500, discount_minor=100), line("b", 600), order_discount_minor=200),
        99_999,
        400,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_spend_is_what_the_programme_allows(case: Case) -> None:
    answer = decide_spend(case.asked, spend_limits(case.basket, case.available, case.settings), case.settings)
    if isinstance(answer, SpendRefusedError):
        assert answer.reason == case.answer
    else:
        assert answer.points == case.answer


def test_a_refusal_carries_what_would_be_allowed() -> None:
    refusal = decide_spend(
        6_000,
        spend_limits(ONE_HUNDRED, 9_000, SpendSettings(value=CENT, maximum_share_bp=5_000)),
        SpendSettings(value=CENT, maximum_share_bp=5_000),
    )
    assert isinstance(refusal, SpendRefusedError)
    assert refusal.facts["max_points"] == 5_000
    assert refusal.facts["available_points"] == 9_000


@st.composite
def settings(draw: st.DrawFn) -> SpendSettings:
    return SpendSettings(
        value=PointValue(points=draw(st.integers(1, 12)), minor=draw(st.integers(1, 12))),
        minimum_points=draw(st.sampled_from((0, 1, 250))),
        step_points=draw(st.integers(1, 10)),
        maximum_share_bp=draw(st.integers(1, 10_000)),
        excluded=draw(st.sampled_from((LineNames(), LineNames(categories=("food",))))),
        minimum_line_minor=draw(st.sampled_from((0, 1, 50))),
        over_balance=draw(st.sampled_from(("refuse", "clamp"))),
    )


@given(purchases(), settings(), st.integers(-50, 20_000), st.integers(0, 20_000))
def test_whatever_is_allowed_keeps_every_limit(
    purchase: EarningPurchase, chosen: SpendSettings, available: int, asked: int
) -> None:
    limits = spend_limits(purchase, available, chosen)
    spend = decide_spend(asked, limits, chosen)
    prices = dict(limits.eligible)
    if isinstance(spend, Spend):
        assert chosen.value is not None
        assert spend.points <= min(asked, limits.max_points, max(available, 0))
        assert spend.points * chosen.value.minor == spend.minor * chosen.value.points
        assert spend.points % chosen.step_points == 0
        assert spend.points == 0 or spend.points >= chosen.minimum_points
        assert spend.minor * 10_000 <= sum(prices.values()) * chosen.maximum_share_bp
        assert sum(spend.minor_by_line.values()) == spend.minor
        assert all(
            share <= prices[line_id] - chosen.minimum_line_minor for line_id, share in spend.minor_by_line.items()
        )


@given(purchases(), settings(), st.integers(0, 20_000))
def test_the_most_that_is_offered_is_allowed(purchase: EarningPurchase, chosen: SpendSettings, available: int) -> None:
    limits = spend_limits(purchase, available, chosen)
    spend = decide_spend(limits.max_points, limits, chosen)
    assert isinstance(spend, Spend)
    assert (spend.points, spend.minor) == (limits.max_points, limits.max_minor)
