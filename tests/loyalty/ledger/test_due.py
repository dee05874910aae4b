"""What time does: each thing at its own instant, in one order, whoever looks first."""

from datetime import timedelta

import pytest

from loyalty.ledger.account import Account, available
from loyalty.ledger.due import apply_due, is_due
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
    member,
)

TICK = timedelta(microseconds=1)
SLIDING = ExpiryPolicy(kind="sliding_days", count=10)


def busy_member() -> Account:
    """Something of each kind is coming: an expiry, a release, a time-out, the expiry of what they free."""
    account = member()
    bought(account, 10, days(1))
    bought(account, 20, days(2), available_from=NOON + DAY)
    held(account, 4, expires_at=NOON + 2 * DAY)
    return account


def test_everything_happens_at_its_own_instant() -> None:
    account = busy_member()
    apply_due(account, NOON + 9 * DAY)
    assert [(entry.amount, entry.act.occurred_at) for entry in account.entries[2:]] == [
        (6, end_of(1)),
        (4, NOON + 2 * DAY),
        (20, end_of(3)),
    ]


@pytest.mark.parametrize("looks", [[], [1], [2, 3], [0.4, 0.5, 1, 1.5, 2, 2.1, 5], [9]])
def test_how_often_it_is_looked_at_makes_no_difference(looks: list[float]) -> None:
    account, untouched = busy_member(), busy_member()
    for look in looks:
        apply_due(account, NOON + look * DAY)
    for one in (account, untouched):
        apply_due(one, NOON + 9 * DAY)
    assert [(entry.amount, entry.act.occurred_at) for entry in account.entries] == [
        (entry.amount, entry.act.occurred_at) for entry in untouched.entries
    ]
    assert account.lots == untouched.lots


@pytest.mark.parametrize(("at", "free"), [(NOON + DAY - TICK, 0), (NOON + DAY, 20)])
def test_pending_points_are_free_from_their_instant_on(at: object, free: int) -> None:
    account = member()
    bought(account, 20, available_from=NOON + DAY)
    apply_due(account, at)  # type: ignore[arg-type]
    assert available(account, POINTS, NOON + DAY) == free


def test_the_clock_of_pending_points_starts_when_they_are_released() -> None:
    account = member()
    lot = bought(account, 20, days(2), available_from=NOON + 14 * DAY)
    assert lot.expires_at is None
    apply_due(account, NOON + 14 * DAY)
    assert lot.expires_at == end_of(16)


def test_points_of_a_late_receipt_live_from_the_instant_of_the_sale() -> None:
    account = member()
    lot = bought(account, 20, days(2), available_from=NOON, now=NOON + 2 * DAY)
    assert (lot.activated_at, lot.expires_at) == (NOON, end_of(2))


def test_points_of_a_receipt_that_is_too_late_expire_in_the_same_breath() -> None:
    account = member()
    bought(account, 20, days(2), available_from=NOON, now=NOON + 9 * DAY)
    assert entries(account) == [("issued", "member", 20), ("member", "expired", 20)]
    assert account.entries[-1].act.occurred_at == end_of(2)


def test_a_wallet_knows_when_it_must_be_looked_at_next() -> None:
    account = busy_member()
    instants = []
    while (coming := account.wallet(POINTS).next_due_at) is not None:
        instants.append(coming)
        assert not is_due(account, coming - TICK)
        apply_due(account, coming)
    assert instants == [end_of(1) - DAY / 2, end_of(1), NOON + 2 * DAY, end_of(3)]


def test_a_sliding_expiry_is_renewed_by_whatever_the_member_does() -> None:
    account = member()
    bought(account, 20, SLIDING)
    spend(account, POINTS, 5, act(NOON + 8 * DAY))
    apply_due(account, end_of(18) - TICK)
    assert available(account, POINTS, end_of(18) - TICK) == 15
    apply_due(account, end_of(18))
    assert account.wallet(POINTS).balance == 0
    assert account.entries[-1].act.occurred_at == end_of(18)


def test_a_late_receipt_shortens_no_sliding_expiry() -> None:
    account = member()
    bought(account, 20, SLIDING, now=NOON + 8 * DAY, available_from=NOON + 8 * DAY)
    bought(account, 20, SLIDING, now=NOON + 9 * DAY, available_from=NOON)
    assert account.wallet(POINTS).sliding_expires_at == end_of(18)


def test_a_sliding_expiry_takes_only_the_points_that_slide_and_nobody_holds() -> None:
    account = member()
    bought(account, 20, SLIDING)
    bought(account, 7, NEVER)
    bought(account, 9, SLIDING, available_from=NOON + 20 * DAY)
    held(account, 12, expires_at=NOON + 30 * DAY)
    apply_due(account, end_of(10))
    assert account.wallet(POINTS).remaining == 12 + 7 + 9, "what is held, what never expires and what is pending stay"
