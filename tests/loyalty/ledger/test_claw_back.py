"""Taking earned points back: from where, in which order."""

import pytest

from loyalty.ledger.account import Account
from loyalty.ledger.claw_back import ClawBack, claw_back
from loyalty.ledger.lots import Lot
from loyalty.ledger.shortfall import ShortfallPolicy
from loyalty.ledger.spending import spend
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
