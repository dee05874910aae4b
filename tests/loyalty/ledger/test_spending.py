"""Points go out of the lots that expire first, all of them or none."""

import pytest

from loyalty.ledger.account import available
from loyalty.ledger.adjusting import adjust_down
from loyalty.ledger.due import apply_due
from loyalty.ledger.errors import InsufficientPointsError
from loyalty.ledger.spending import spend
from loyalty.programme.policies import ExpiryPolicy
from tests.loyalty.ledger.making import (
    DAY,
    NEVER,
    NOON,
    POINTS,
    act,
    bought,
    days,
    end_of,
    entries,
    held,
    left_of,
    member,
)


@pytest.mark.parametrize(
    ("lives", "points", "left"),
    [
        pytest.param([NEVER, days(5), days(1)], 10, [10, 10, 0], id="the soonest to expire first"),
        pytest.param([NEVER, days(5), days(1)], 25, [5, 0, 0], id="those that never expire last"),
        pytest.param([days(1), days(1)], 4, [6, 10], id="of two that expire together the older"),
        pytest.param([NEVER, NEVER], 12, [0, 8], id="of two that never expire the older"),
        pytest.param([days(1), NEVER], 20, [0, 0], id="to the last point"),
    ],
)
def test_points_are_spent_in_the_order_of_their_expiry(lives: list[ExpiryPolicy], points: int, left: list[int]) -> None:
    account = member()
    lots = [bought(account, 10, expiry) for expiry in lives]
    spend(account, POINTS, points, act())
    assert left_of(*lots) == left
    assert account.wallet(POINTS).balance == sum(left)


def test_pending_and_held_points_cannot_be_spent_and_a_refusal_changes_nothing() -> None:
    account = member()
    bought(account, 10)
    bought(account, 20, available_from=NOON + DAY)
    held(account, 4)
    written = len(account.entries), len(account.movements)
    with pytest.raises(InsufficientPointsError) as refused:
        spend(account, POINTS, 7, act())
    assert refused.value.facts == {"wallet": POINTS, "available": 6, "required": 7, "missing": 1}
    assert (len(account.entries), len(account.movements)) == written


def test_points_can_be_spent_until_the_last_instant_before_they_expire() -> None:
    account = member()
    bought(account, 10, days(1))
    ends_at = end_of(1)
    assert available(account, POINTS, ends_at - DAY / 86_400_000_000) == 10
    assert available(account, POINTS, ends_at) == 0


def test_a_correction_downwards_takes_what_is_there_and_owes_the_rest() -> None:
    account = member()
    bought(account, 10)
    adjust_down(account, POINTS, 25, act(), into_debt=True)
    assert entries(account)[1:] == [("member", "adjusted", 10), ("debt", "adjusted", 15)]
    assert account.wallet(POINTS).balance == -15


def test_a_debt_is_repaid_by_the_next_points_even_while_they_are_pending() -> None:
    account = member()
    adjust_down(account, POINTS, 25, act(), into_debt=True)
    pending = bought(account, 40, available_from=NOON + DAY)
    assert (pending.remaining, account.wallet(POINTS).debt) == (15, 0)
    apply_due(account, NOON + DAY)
    assert available(account, POINTS, NOON + DAY) == 15


def test_a_debtor_has_nothing_free() -> None:
    account = member()
    adjust_down(account, POINTS, 25, act(), into_debt=True)
    lots = [bought(account, 10), bought(account, 10, days(3))]
    assert left_of(*lots) == [0, 0]
    assert (account.wallet(POINTS).debt, available(account, POINTS, NOON)) == (5, 0)
