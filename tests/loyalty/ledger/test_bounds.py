"""A wallet keeps, and may be owed, what every client counts exactly: a point beyond is refused and changes nothing."""

from collections.abc import Callable

import pytest

from loyalty.ledger.account import Account
from loyalty.ledger.adjusting import adjust_down, adjust_up
from loyalty.ledger.earning import Grant, earn
from loyalty.ledger.entries import Cause
from loyalty.ledger.errors import PointsOutOfRangeError
from loyalty.ledger.moving import give, merge_into
from loyalty.ledger.restoring import SpentLot, restore
from loyalty.ledger.shortfall import settle_shortfall, undo_debt
from loyalty.ledger.spending import spend
from loyalty.ledger.terms import LotTerms
from loyalty.programme.wallets import ExpiredRestore
from tests.loyalty.ledger.making import DAY, NEVER, NOON, POINTS, act, bought, held, member

MOST = 2**53 - 1


def someone(member_id: int, *, owns: int = 0, owes: int = 0) -> Account:
    account = member(member_id)
    if owns:
        bought(account, owns)
    if owes:
        adjust_down(account, POINTS, owes, act(), into_debt=True)
    return account


def grant(points: int) -> Grant:
    return Grant(POINTS, points, NOON, NEVER)


def owe(account: Account, points: int) -> None:
    settle_shortfall(account, POINTS, points, "debt", act(), target="issued", kind="clawed_back")


def bring_back(account: Account, points: int) -> None:
    terms = LotTerms(NOON, NOON)
    undo_debt(account, POINTS, points, act(), source="issued", kind="claw_back_undone", terms=terms)


Change = Callable[[Account, int], object]
GAINS: dict[str, Change] = {
    "earned": lambda account, points: earn(account, [grant(points)], act()),
    "earned in two lots": lambda account, points: earn(account, [grant(points - 1), grant(1)], act()),
    "given by staff": lambda account, points: adjust_up(account, grant(points), act()),
    "given as a gift": lambda account, points: give(someone(2, owns=points), account, POINTS, points, act()),
    "merged": lambda account, points: merge_into(someone(2, owns=points), account, act(cause=Cause("merge", 0))),
    "brought back": bring_back,
}
LOSSES: dict[str, Change] = {
    "taken by staff": lambda account, points: adjust_down(account, POINTS, points, act(), into_debt=True),
    "clawed back": owe,
    "merged": lambda account, points: merge_into(someone(2, owes=points), account, act(cause=Cause("merge", 0))),
}


def noted(account: Account) -> tuple[int, int, int]:
    return len(account.entries), len(account.movements), len(account.lots)


@pytest.mark.parametrize("how", GAINS)
def test_a_wallet_is_filled_to_the_last_point_and_no_further(how: str) -> None:
    account = someone(1, owns=MOST - 10)
    before = noted(account)
    with pytest.raises(PointsOutOfRangeError) as refused:
        GAINS[how](account, 11)
    assert refused.value.facts == {"wallet": POINTS, "points": 11}
    assert noted(account) == before
    GAINS[how](account, 10)
    assert account.wallet(POINTS).balance == MOST


@pytest.mark.parametrize("how", LOSSES)
def test_as_much_may_be_owed_and_no_more(how: str) -> None:
    account = someone(1, owes=MOST - 10)
    before = noted(account)
    with pytest.raises(PointsOutOfRangeError):
        LOSSES[how](account, 11)
    assert noted(account) == before
    LOSSES[how](account, 10)
    assert account.wallet(POINTS).balance == -MOST


def test_pending_and_held_points_take_their_room() -> None:
    account = member()
    bought(account, MOST - 10)
    bought(account, 4, available_from=NOON + DAY)
    held(account, MOST - 10)
    with pytest.raises(PointsOutOfRangeError):
        earn(account, [grant(7)], act())
    earn(account, [grant(6)], act())


def test_spent_points_come_back_where_there_is_room() -> None:
    account = member()
    lot = bought(account, 20)
    spend(account, POINTS, 20, act())
    bought(account, MOST - 10)
    spent = [SpentLot(1, lot, 20)]
    with pytest.raises(PointsOutOfRangeError):
        restore(account, POINTS, 11, act(), cause=Cause("purchase", 9), spent=spent, expired=ExpiredRestore())
    restore(account, POINTS, 10, act(), cause=Cause("purchase", 9), spent=spent, expired=ExpiredRestore())
    assert account.wallet(POINTS).balance == MOST
