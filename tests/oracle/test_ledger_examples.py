"""The model on small stories, so that its meaning can be read and not only proved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.oracle.ledger_facts import Done, Group, Movement, Refusal, Settings, Shortfall, valid_for
from tests.oracle.ledger_invariants import invariants
from tests.oracle.ledger_model import Ledger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def open_books(shortfall: Shortfall = "debt", grace_days: int | None = None) -> Ledger:
    ledger = Ledger(Settings({"bonus": shortfall}, grace_days))
    ledger.enrol(now=NOON)
    ledger.enrol(now=NOON)
    return ledger


def buy(ledger: Ledger, points: int, valid_days: int = 90, now: datetime = NOON) -> int:
    bought = ledger.purchase(1, [Group("bonus", points, None, valid_for(valid_days))], now=now)
    assert isinstance(bought, Done)
    return bought.number


def test_lots_that_expired_unspent_are_closed_and_the_spent_part_is_not_taken_again() -> None:
    ledger = open_books()
    buy(ledger, 575)
    ledger.spend(1, "bonus", 500, now=NOON)
    assert [lot.remaining for lot in ledger.lots] == [75]
    buy(ledger, 805)
    ledger.spend(1, "bonus", 500, now=NOON)
    assert ledger.available_at(1, "bonus", NOON + 90 * DAY) == 0
    ledger.apply_due(1, NOON + 91 * DAY)
    assert ledger.balance(1, "bonus") == 0
    assert ledger.journal[-1].occurred_at == NOON + 90 * DAY


def test_pending_points_start_their_expiry_clock_when_they_are_released() -> None:
    ledger = open_books()
    ledger.earn(1, [Group("bonus", 10, NOON + 14 * DAY, valid_for(30))], now=NOON)
    days = [13, 14, 43, 44]
    assert [ledger.available_at(1, "bonus", NOON + day * DAY) for day in days] == [0, 10, 10, 0]


@pytest.mark.parametrize(("setting", "balance"), [("debt", -100), ("write_off", 0), ("clamp", 0)])
def test_a_refund_takes_spent_points_back_as_the_wallet_says(setting: Shortfall, balance: int) -> None:
    ledger = open_books(setting)
    purchase = buy(ledger, 150)
    ledger.spend(1, "bonus", 100, now=NOON)
    assert ledger.refund(purchase, {"bonus": 0}, 0, now=NOON) == Done(purchase, taken(**{"lot": 50, setting: 100}))
    assert ledger.balance(1, "bonus") == balance


def test_a_claw_back_never_asks_for_more_than_was_earned() -> None:
    ledger = open_books()
    assert ledger.refund(buy(ledger, 150), {"bonus": -9849}, 0, now=NOON) == Refusal("above_what_stands")


def test_a_refund_never_gives_back_what_an_earlier_one_took() -> None:
    ledger = open_books()
    purchase = buy(ledger, 150)
    ledger.refund(purchase, {"bonus": 20}, 0, now=NOON)
    assert ledger.refund(purchase, {"bonus": 21}, 0, now=NOON) == Refusal("above_what_stands")
    assert ledger.balance(1, "bonus") == 20


def test_points_that_expired_unspent_create_no_debt() -> None:
    ledger = open_books()
    purchase = buy(ledger, 100, valid_days=1)
    ledger.refund(purchase, {"bonus": 0}, 0, now=NOON + 2 * DAY)
    assert ledger.balance(1, "bonus") == 0


def test_holding_points_does_not_save_them_from_a_refund_that_writes_off() -> None:
    ledger = open_books("write_off")
    purchase = buy(ledger, 100)
    ledger.hold(1, "bonus", 100, 600, now=NOON)
    ledger.refund(purchase, {"bonus": 0}, 0, now=NOON)
    ledger.void(1, now=NOON)
    assert (ledger.balance(1, "bonus"), ledger.free(1, "bonus", NOON)) == (0, 0)


def test_held_points_outlive_their_expiry_until_the_hold_ends() -> None:
    ledger = open_books()
    buy(ledger, 100, valid_days=1)
    ledger.hold(1, "bonus", 60, 3 * 86_400, now=NOON)
    captured = ledger.capture(1, 50, now=NOON + 2 * DAY)
    assert isinstance(captured, Done)
    assert [(row.credit, row.points) for row in ledger.journal[1:]] == [
        ("expired", 40),
        ("redeemed", 50),
        ("expired", 10),
    ]


def test_a_sale_whose_hold_timed_out_is_recorded_and_its_shortfall_reported() -> None:
    ledger = open_books()
    buy(ledger, 100)
    ledger.hold(1, "bonus", 80, 600, now=NOON)
    later = NOON + timedelta(seconds=600)
    ledger.spend(1, "bonus", 70, now=later)
    sold = ledger.purchase(1, [], now=later, hold=1, points=80)
    assert isinstance(sold, Done)
    assert sold.figures == {"bonus": {"spent": 30, "missing": 50}}
    assert ledger.balance(1, "bonus") == -50


@pytest.mark.parametrize(("grace_days", "available"), [(None, 0), (7, 60)])
def test_points_restored_after_their_expiry_follow_the_programme(grace_days: int | None, available: int) -> None:
    ledger = open_books(grace_days=grace_days)
    buy(ledger, 60, valid_days=1)
    ledger.hold(1, "bonus", 60, 600, now=NOON)
    sold = ledger.purchase(1, [], now=NOON, hold=1, points=60)
    assert isinstance(sold, Done)
    ledger.refund(sold.number, {}, 60, now=NOON + 2 * DAY)
    assert ledger.available_at(1, "bonus", NOON + 8 * DAY) == available


def test_a_refund_after_a_merge_follows_the_member() -> None:
    ledger = open_books()
    purchase = buy(ledger, 100)
    ledger.merge(1, 2, now=NOON)
    assert ledger.balance(2, "bonus") == 100
    assert ledger.refund(purchase, {"bonus": 0}, 0, now=NOON) == Done(purchase, taken(lot=100))
    assert ledger.balance(2, "bonus") == 0


def test_points_that_a_hold_kept_past_their_expiry_repay_the_debt_of_their_refund_before_they_expire() -> None:
    ledger = open_books()
    purchase = buy(ledger, 100, valid_days=1)
    ledger.hold(1, "bonus", 100, 2 * 86_400, now=NOON)
    ledger.refund(purchase, {"bonus": 70}, 0, now=NOON)
    ledger.apply_due(1, NOON + 3 * DAY)
    assert [(row.credit, row.points) for row in ledger.journal[2:]] == [("debt", 30), ("expired", 70)]
    assert invariants(ledger) == []


def test_points_that_already_repaid_the_debt_of_their_refund_are_not_owed_a_second_time() -> None:
    ledger = open_books("write_off")
    purchase = buy(ledger, 100)
    ledger.hold(1, "bonus", 100, 600, now=NOON)
    ledger.refund(purchase, {"bonus": 50}, 0, now=NOON)
    ledger.void(1, now=NOON)
    ledger.spend(1, "bonus", 50, now=NOON)
    assert ledger.refund(purchase, {"bonus": 0}, 0, now=NOON) == Done(purchase, taken(write_off=50))


def test_a_debt_is_repaid_from_pending_points_first() -> None:
    ledger = open_books()
    purchase = buy(ledger, 50)
    ledger.spend(1, "bonus", 50, now=NOON)
    buy(ledger, 50)
    ledger.earn(1, [Group("bonus", 50, NOON + DAY)], now=NOON)
    ledger.refund(purchase, {"bonus": 0}, 0, now=NOON)
    assert (ledger.pending(1, "bonus"), ledger.free(1, "bonus", NOON)) == (0, 50)


def test_points_restored_after_their_expiry_repay_no_debt() -> None:
    ledger = open_books()
    purchase = buy(ledger, 60, valid_days=1)
    spent = ledger.spend(1, "bonus", 60, now=NOON)
    ledger.refund(purchase, {"bonus": 0}, 0, now=NOON)
    assert isinstance(spent, Done)
    ledger.reverse(spent.number, now=NOON + 2 * DAY)
    assert ledger.balance(1, "bonus") == -60


def taken(**figures: int) -> dict[str, dict[str, int]]:
    return {"bonus": figures}


def add_a_row(ledger: Ledger) -> None:
    ledger.journal.append(ledger.journal[-1])


def lose_a_claw_back(ledger: Ledger) -> None:
    del ledger.lots[0].movements[0]


def lose_a_hold(ledger: Ledger) -> None:
    ledger.lots[0].movements.pop()


def hold_more_than_there_is(ledger: Ledger) -> None:
    ledger.lots[0].movements.append(Movement(99, "held", 101, NOON))


def forget_a_hold(ledger: Ledger) -> None:
    ledger.holds[0].parts = []


def leave_a_debtor_points(ledger: Ledger) -> None:
    ledger.lots[1].member = ledger.members[1]


def close_the_lots_early(ledger: Ledger) -> None:
    ledger.lots[0].expires_at = NOON


def expire_a_later_lot_sooner(ledger: Ledger) -> None:
    ledger.lots[2].expires_at = NOON + DAY


def refund_more_than_was_bought(ledger: Ledger) -> None:
    ledger.facts[0].clawed["bonus"][0].points += 200


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (add_a_row, "I1"),
        (lose_a_claw_back, "I1"),
        (hold_more_than_there_is, "I2"),
        (lose_a_hold, "I7"),
        (forget_a_hold, "I7"),
        (leave_a_debtor_points, "I3"),
        (close_the_lots_early, "I4"),
        (expire_a_later_lot_sooner, "I5"),
        (refund_more_than_was_bought, "I8"),
    ],
)
def test_each_invariant_finds_the_damage_it_is_for(damage: Callable[[Ledger], None], found: str) -> None:
    ledger = open_books()
    purchase = buy(ledger, 100)
    ledger.refund(purchase, {"bonus": 90}, 0, now=NOON)
    ledger.adjust(2, "bonus", -5, now=NOON, may_go_negative=True)
    buy(ledger, 100)
    buy(ledger, 100)
    ledger.spend(1, "bonus", 20, now=NOON)
    ledger.hold(1, "bonus", 60, 600, now=NOON)
    assert invariants(ledger) == []
    damage(ledger)
    assert any(violation.startswith(found) for violation in invariants(ledger))
