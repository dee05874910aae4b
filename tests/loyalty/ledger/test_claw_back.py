"""Taking earned points back, and giving them back when too much was taken."""

import pytest

from loyalty.ledger.account import Account, Lot
from loyalty.ledger.claw_back import ClawBack, claw_back, give_back, last_taken
from loyalty.ledger.due import apply_due
from loyalty.ledger.shortfall import ShortfallPolicy
from loyalty.ledger.spending import spend
from loyalty.ledger.terms import LotTerms
from tests.loyalty.ledger.making import DAY, NOON, POINTS, act, bought, days, entries, left_of, member


def take(account: Account, lots: list[Lot], points: int, **more: object) -> ClawBack:
    facts: dict[str, object] = {"expired_unspent": 0, "promised": 0, "policy": "debt", **more}
    return claw_back(account, POINTS, points, act(), cause=lots[0].cause, own_lots=lots, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spent", "policy", "taken", "balance"),
    [
        (0, "debt", ClawBack(from_lots=100), 0),
        (60, "debt", ClawBack(from_lots=40, owed=60), -60),
        (60, "write_off", ClawBack(from_lots=40, written_off=60), 0),
        (60, "clamp", ClawBack(from_lots=40, left=60), 0),
    ],
)
def test_what_was_spent_meanwhile_is_found_by_the_policy(
    spent: int, policy: ShortfallPolicy, taken: ClawBack, balance: int
) -> None:
    account = member()
    lot = bought(account, 100)
    spend(account, POINTS, spent, act())
    assert take(account, [lot], 100, policy=policy) == taken
    assert account.wallet(POINTS).balance == balance


@pytest.mark.parametrize(
    ("expired", "promised", "taken"),
    [
        (100, 0, ClawBack(forgiven=100)),
        (30, 50, ClawBack(forgiven=30, owed=50, written_off=20)),
        (0, 100, ClawBack(owed=100)),
    ],
)
def test_what_expired_is_forgiven_and_what_is_promised_is_owed(expired: int, promised: int, taken: ClawBack) -> None:
    account = member()
    lot = bought(account, 100)
    spend(account, POINTS, 100, act())
    assert take(account, [lot], 100, expired_unspent=expired, promised=promised, policy="write_off") == taken


def test_pending_points_are_taken_first_and_the_soonest_to_expire_last() -> None:
    account = member()
    soon, late, never = bought(account, 10, days(1)), bought(account, 10, days(9)), bought(account, 10)
    pending = bought(account, 10, available_from=NOON + DAY)
    lots = [soon, late, never, pending]
    for points, left in [(5, [10, 10, 10, 5]), (10, [10, 10, 5, 0]), (10, [10, 5, 0, 0]), (10, [5, 0, 0, 0])]:
        take(account, lots, points)
        assert left_of(*lots) == left


def test_other_lots_pay_only_through_debt() -> None:
    account = member()
    own = bought(account, 50)
    spend(account, POINTS, 50, act())
    other = bought(account, 80, purchase_no=2)
    take(account, [own], 50)
    assert entries(account)[-2:] == [("debt", "issued", 50), ("member", "debt", 50)]
    assert (other.remaining, account.wallet(POINTS).debt) == (30, 0)


@pytest.mark.parametrize(
    ("effects", "points", "taken"),
    [
        ([ClawBack(from_lots=40)], 40, ClawBack(from_lots=40)),
        ([ClawBack(from_lots=40, owed=10)], 15, ClawBack(from_lots=5, owed=10)),
        ([ClawBack(written_off=20), ClawBack(from_lots=40)], 30, ClawBack(from_lots=30)),
        ([ClawBack(from_lots=40), ClawBack(written_off=20)], 30, ClawBack(from_lots=10, written_off=20)),
        ([ClawBack(from_lots=40), ClawBack(from_lots=-10), ClawBack(owed=7)], 20, ClawBack(from_lots=13, owed=7)),
        ([ClawBack(1, 2, 3, 4, 5)], 15, ClawBack(1, 2, 3, 4, 5)),
        ([ClawBack(1, 2, 3, 4, 5)], 9, ClawBack(written_off=4, left=5)),
        ([], 0, ClawBack()),
    ],
)
def test_what_was_taken_last_is_given_back_first(effects: list[ClawBack], points: int, taken: ClawBack) -> None:
    assert last_taken(effects, points) == taken


def test_giving_back_restores_the_lots_that_were_clawed() -> None:
    account = member()
    soon, never = bought(account, 30, days(1)), bought(account, 30)
    lots = [soon, never]
    taken = take(account, lots, 50)
    return_all(account, taken, lots, clawed={soon.lot_no: 20, never.lot_no: 30})
    assert left_of(*lots) == [30, 30]


def test_a_debt_that_was_repaid_meanwhile_comes_back_as_a_lot_on_the_terms_of_the_purchase() -> None:
    account = member()
    own = bought(account, 50, days(9))
    spend(account, POINTS, 50, act())
    taken = take(account, [own], 50)
    other = bought(account, 80, purchase_no=2)
    return_all(account, taken, [own], clawed={})
    (new,) = [lot for lot in account.lots.values() if lot not in (own, other)]
    assert (new.remaining, new.expires_at, new.origin_lot_no) == (50, own.expires_at, own.lot_no)
    assert (other.remaining, account.wallet(POINTS).balance) == (30, 80)


def test_what_was_written_off_comes_back_to_nobody() -> None:
    account = member()
    own = bought(account, 50)
    spend(account, POINTS, 50, act())
    return_all(account, take(account, [own], 50, policy="write_off"), [own], clawed={})
    assert account.wallet(POINTS).balance == 0
    issued = [(entry.credit == "issued") - (entry.debit == "issued") for entry in account.entries]
    assert sum(sign * entry.amount for sign, entry in zip(issued, account.entries, strict=True)) == -50


def test_points_given_back_to_an_expired_lot_expire_at_once() -> None:
    account = member()
    lot = bought(account, 50, days(1))
    taken = take(account, [lot], 50)
    apply_due(account, NOON + 3 * DAY)
    terms = LotTerms.of_lot(1, lot)
    clawed = {lot.lot_no: 50}
    late = act(NOON + 3 * DAY)
    give_back(account, POINTS, taken, late, cause=lot.cause, own_lots=[lot], clawed=clawed, terms=terms)
    assert entries(account)[-2:] == [("issued", "member", 50), ("member", "expired", 50)]


def return_all(account: Account, taken: ClawBack, lots: list[Lot], *, clawed: dict[int, int]) -> None:
    terms = LotTerms.of_lot(account.member_id, lots[0])
    give_back(account, POINTS, taken, act(), cause=lots[0].cause, own_lots=lots, clawed=clawed, terms=terms)
