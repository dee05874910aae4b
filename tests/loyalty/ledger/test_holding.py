"""Holds: concrete lots set aside, resolved once."""

import pytest

from loyalty.ledger.account import Account, available
from loyalty.ledger.claw_back import claw_back
from loyalty.ledger.due import apply_due
from loyalty.ledger.errors import CaptureAboveHoldError, HoldNotOpenError
from loyalty.ledger.holding import capture_hold, capture_late, release_hold
from tests.loyalty.ledger.making import (
    DAY,
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


@pytest.mark.parametrize(("captured", "left"), [(0, [10, 20]), (6, [4, 20]), (10, [0, 20]), (15, [0, 15])])
def test_a_capture_takes_the_points_that_expire_first_and_returns_the_rest(captured: int, left: list[int]) -> None:
    account = member()
    lots = [bought(account, 10, days(1)), bought(account, 20, days(5))]
    hold = held(account, 15)
    capture_hold(account, hold, captured, act())
    assert left_of(*lots) == left
    assert (hold.status, hold.captured, account.wallet(POINTS).held) == ("captured", captured, 0)
    assert available(account, POINTS, NOON) == sum(left)


def captured(account: Account) -> None:
    capture_hold(account, account.holds[1], 5, act())


def voided(account: Account) -> None:
    release_hold(account, account.holds[1], "voided", act())


def timed_out(account: Account) -> None:
    apply_due(account, NOON + DAY)


@pytest.mark.parametrize("second", [captured, voided])
@pytest.mark.parametrize("first", [captured, voided, timed_out])
def test_a_hold_is_resolved_once(first: object, second: object) -> None:
    account = member()
    bought(account, 10)
    held(account, 10)
    assert callable(first)
    assert callable(second)
    first(account)
    with pytest.raises(HoldNotOpenError):
        second(account)


def test_no_more_is_captured_than_is_held() -> None:
    account = member()
    bought(account, 10)
    with pytest.raises(CaptureAboveHoldError) as refused:
        capture_hold(account, held(account, 8), 9, act())
    assert refused.value.facts == {"held": 8, "required": 9}


def test_held_points_outlive_their_expiry_and_expire_when_their_hold_lets_them_go() -> None:
    account = member()
    bought(account, 100, days(1))
    hold = held(account, 60, expires_at=NOON + 9 * DAY)
    late = NOON + 3 * DAY
    apply_due(account, late)
    capture_hold(account, hold, 50, act(late))
    assert entries(account)[1:] == [("member", "expired", 40), ("member", "redeemed", 50), ("member", "expired", 10)]
    assert [entry.act.occurred_at for entry in account.entries[1:]] == [end_of(1), late, late]


def test_a_sale_that_comes_late_frees_what_has_expired_by_now_not_by_then() -> None:
    account = member()
    bought(account, 100, days(1))
    hold = held(account, 60, expires_at=NOON + 9 * DAY)
    late = NOON + 3 * DAY
    apply_due(account, late)
    capture_hold(account, hold, 50, act(late, occurred_at=NOON))
    assert account.wallet(POINTS).balance == 0


def test_what_a_time_out_frees_repays_debt_before_it_expires() -> None:
    account = member()
    lot = bought(account, 100, days(1))
    held(account, 100, expires_at=NOON + 3 * DAY)
    taken = claw_back(
        account, POINTS, 30, act(), cause=lot.cause, own_lots=[lot], expired_unspent=0, promised=100, policy="write_off"
    )
    assert taken.owed == 30, "points that a hold has promised are owed, whatever the policy"
    apply_due(account, NOON + 4 * DAY)
    assert entries(account)[2:] == [("member", "debt", 30), ("member", "expired", 70)]


def test_a_late_capture_takes_what_there_is_and_the_hold_is_used_up() -> None:
    account = member()
    bought(account, 100)
    hold = held(account, 80)
    apply_due(account, NOON + DAY)
    held(account, 70, now=NOON + DAY, expires_at=NOON + 2 * DAY)
    assert capture_late(account, hold, 80, act(NOON + DAY)) == 50
    assert hold.status == "captured_late"
    assert account.wallet(POINTS).balance == 70
