"""Points change owner, come back to their lots, or are given up."""

import pytest

from loyalty.ledger.account import available
from loyalty.ledger.adjusting import adjust_down
from loyalty.ledger.due import apply_due
from loyalty.ledger.entries import Cause
from loyalty.ledger.errors import InsufficientPointsError
from loyalty.ledger.moving import forfeit, give, merge_into
from loyalty.ledger.restoring import SpentLot, restore
from loyalty.ledger.spending import spend
from loyalty.programme.policies import ExpiryPolicy
from loyalty.programme.wallets import ExpiredRestore
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

MERGE = Cause("merge", 0)
EXPIRE, GRACE = ExpiredRestore(), ExpiredRestore(kind="grace", grace_days=7)


def test_a_merge_moves_every_point_with_its_expiry_and_its_wait() -> None:
    source, target = member(1), member(2)
    bought(source, 10, days(1))
    bought(source, 20, days(2), available_from=NOON + DAY)
    bought(target, 5)
    merge_into(source, target, act(cause=MERGE))
    assert (source.wallet(POINTS).balance, target.wallet(POINTS).balance) == (0, 35)
    assert [(lot.remaining, lot.expires_at, lot.origin_member_id, lot.origin_lot_no) for lot in target.lots.values()][
        1:
    ] == [(10, end_of(1), 1, 1), (20, None, 1, 2)]
    apply_due(target, NOON + DAY)
    assert target.lots[3].expires_at == end_of(3)


def test_a_merge_voids_the_holds_of_who_leaves_and_leaves_alone_those_of_who_stays() -> None:
    source, target = member(1), member(2)
    for account in (source, target):
        bought(account, 10)
        held(account, 6)
    merge_into(source, target, act(cause=MERGE))
    assert (source.holds[1].status, target.holds[1].status) == ("voided", "open")
    assert (target.wallet(POINTS).balance, available(target, POINTS, NOON)) == (20, 14)


@pytest.mark.parametrize(("owing", "owed"), [(1, 2), (2, 1)])
def test_the_points_of_one_pay_the_debt_of_the_other(owing: int, owed: int) -> None:
    accounts = {1: member(1), 2: member(2)}
    adjust_down(accounts[owing], POINTS, 30, act(), into_debt=True)
    bought(accounts[owed], 50)
    merge_into(accounts[1], accounts[2], act(cause=MERGE))
    wallet = accounts[2].wallet(POINTS)
    assert (wallet.remaining, wallet.debt, accounts[1].wallet(POINTS).balance) == (20, 0, 0)


def test_a_gift_keeps_its_expiry_and_pays_the_debt_of_who_gets_it() -> None:
    giver, receiver = member(1), member(2)
    bought(giver, 10, days(1))
    adjust_down(receiver, POINTS, 3, act(), into_debt=True)
    give(giver, receiver, POINTS, 8, act(cause=Cause("gift", 0)))
    assert [(lot.remaining, lot.expires_at) for lot in receiver.lots.values()] == [(5, end_of(1))]
    with pytest.raises(InsufficientPointsError):
        give(giver, receiver, POINTS, 3, act(cause=Cause("gift", 0)))


def test_erasing_forfeits_points_and_debts_and_frees_what_was_held() -> None:
    account = member()
    bought(account, 10)
    bought(account, 20, available_from=NOON + DAY)
    held(account, 6)
    forfeit(account, act(cause=Cause("erasure", 0)))
    assert entries(account)[2:] == [("member", "forfeited", 30)]
    assert (account.holds[1].status, account.wallet(POINTS).held) == ("voided", 0)
    debtor = member()
    adjust_down(debtor, POINTS, 9, act(), into_debt=True)
    forfeit(debtor, act(cause=Cause("erasure", 0)))
    assert debtor.wallet(POINTS).balance == 0


def test_spent_points_return_to_their_own_lots_the_last_spent_first() -> None:
    account = member()
    soon, never = bought(account, 10, days(1)), bought(account, 10)
    spend(account, POINTS, 15, act())
    spent = [SpentLot(1, soon, 10), SpentLot(1, never, 5)]
    restore(account, POINTS, 8, act(), cause=Cause("purchase", 9), spent=spent, expired=EXPIRE)
    assert left_of(soon, never) == [3, 10]
    assert available(account, POINTS, NOON) == 13


@pytest.mark.parametrize(("setting", "free"), [(EXPIRE, [0, 0]), (GRACE, [10, 0])])
def test_points_that_return_too_late_expire_at_once_or_get_days_of_grace(
    setting: ExpiredRestore, free: list[int]
) -> None:
    account = member()
    lot = bought(account, 10, days(1))
    spend(account, POINTS, 10, act())
    late = NOON + 5 * DAY
    restore(
        account,
        POINTS,
        10,
        act(late, occurred_at=NOON),
        cause=Cause("purchase", 9),
        spent=[SpentLot(1, lot, 10)],
        expired=setting,
    )
    found = []
    for instant in (late + 6 * DAY, late + 7 * DAY):
        apply_due(account, instant)
        found.append(available(account, POINTS, instant))
    assert found == free


def test_points_that_a_merged_member_had_spent_return_to_the_other_on_the_same_terms() -> None:
    source, target = member(1), member(2)
    lot = bought(source, 10, days(3))
    spend(source, POINTS, 10, act())
    merge_into(source, target, act(cause=MERGE))
    spent = [SpentLot(1, lot, 10)]
    restore(target, POINTS, 4, act(), cause=Cause("purchase", 9), spent=spent, expired=EXPIRE)
    (new,) = target.lots.values()
    assert (new.remaining, new.expires_at, new.origin_member_id, new.origin_lot_no) == (4, end_of(3), 1, lot.lot_no)


def test_days_of_grace_save_points_whose_sliding_expiry_has_passed() -> None:
    account = member()
    lot = bought(account, 10, ExpiryPolicy(kind="sliding_days", count=2))
    spend(account, POINTS, 10, act())
    late = NOON + 9 * DAY
    spent = [SpentLot(1, lot, 10)]
    restore(account, POINTS, 10, act(late), cause=Cause("purchase", 9), spent=spent, expired=GRACE)
    apply_due(account, late + DAY)
    assert available(account, POINTS, late + DAY) == 10
