"""Entry bonuses: one per tier and period, of the period in which the tier was entered, gone with what it was for."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.ledger.account import Account, available
from loyalty.ledger.entries import Act, Cause
from loyalty.ledger.spending import spend
from loyalty.tiers.keeping import catch_up, take_in
from loyalty.tiers.measures import Measures
from loyalty.tiers.plan import tier_plan
from loyalty.tiers.standing import ChangeCause, Grant, Standing
from tests.loyalty.tiers.making import tier
from tests.programmes import POINTS, programme

BONUS = 50
DECEMBER, JANUARY = datetime(2027, 12, 10, 9, tzinfo=UTC), datetime(2028, 1, 10, 9, tzinfo=UTC)
MONTH: dict[str, Any] = {"window": {"kind": "calendar", "period": "month"}}
ROLLING: dict[str, Any] = {"window": {"kind": "months", "count": 12}}
POLICIES = ("debt", "clamp", "write_off")


class Shopper:
    """A member who reaches silver with spend of 100, and whose account has nothing but bonuses."""

    def __init__(self, policy: str = "debt", **settings: Any) -> None:
        tiers = [
            tier("bronze"),
            tier("silver", thresholds={"spend_minor": 100}, entry_bonus={"points": BONUS}),
            tier("gold", thresholds={"spend_minor": 300}, entry_bonus={"points": 2 * BONUS}),
        ]
        made = programme(tiers=tiers, tier_settings=settings or MONTH, wallets=[POINTS | {"debt": policy}])
        self.account = Account(1, "UTC", "active", DECEMBER, datetime(2024, 2, 29, 12, tzinfo=UTC), lots_loaded=True)
        self.standing = Standing(1, tier_plan(1, made))
        self.now = DECEMBER
        catch_up(self.standing, self.account, now=self.now)

    def buys(self, minor: int = 100, *, on: date | None = None) -> None:
        self._counts(minor, "purchase", on)

    def returns(self, minor: int = 100, *, on: date | None = None) -> None:
        self._counts(-minor, "refund", on)

    def moves_to(self, instant: datetime) -> None:
        self.now = instant
        catch_up(self.standing, self.account, now=instant)

    def spends(self, points: int) -> None:
        spend(self.account, "points", points, Act(Cause("redemption", 1), "member", self.now, self.now))

    @property
    def balance(self) -> int:
        return self.account.wallet("points").balance

    @property
    def paid(self) -> dict[tuple[str, str], int]:
        """What the member has of each bonus."""
        return {
            key: bonus.kept_points + (bonus.points if bonus.taken_back_at is None else 0)
            for key, bonus in self.standing.bonuses.items()
        }

    def _counts(self, minor: int, kind: str, on: date | None) -> None:
        day = on or self.now.date()
        take_in(self.standing, self.account, day, Measures(spend_minor=minor), ChangeCause(kind, 1), now=self.now)


@pytest.mark.parametrize(("policy", "left", "again"), [("debt", -BONUS, 0), ("clamp", 0, 0), ("write_off", 0, 0)])
def test_a_bonus_that_was_spent_and_could_not_be_taken_back_is_not_paid_again(
    policy: str, left: int, again: int
) -> None:
    one = Shopper(policy)
    one.buys()
    one.spends(BONUS)
    one.returns()
    assert one.balance == left
    one.buys()
    assert one.balance == again
    one.returns()
    one.buys()
    assert one.balance == again, "however often"


def test_of_a_bonus_that_was_spent_in_part_the_part_that_came_back_is_paid_again() -> None:
    one = Shopper("clamp")
    one.buys()
    one.spends(20)
    one.returns()
    assert (one.balance, one.paid) == (0, {("silver", "2027-12-01"): 20})
    one.buys()
    assert (one.balance, one.paid) == (30, {("silver", "2027-12-01"): BONUS})


def test_a_late_receipt_pays_the_bonus_of_the_period_in_which_it_enters_the_tier() -> None:
    one = Shopper(window={"kind": "calendar", "period": "year"}, retention={"kind": "end_of_period", "count": 1})
    one.moves_to(JANUARY)
    one.buys(on=date(2027, 12, 20))
    assert (one.account.tier, one.paid) == ("silver", {("silver", "2027-01-01"): BONUS})


def test_a_late_receipt_that_makes_a_later_day_enter_the_tier_pays_for_that_days_period() -> None:
    one = Shopper(**ROLLING)
    one.moves_to(JANUARY)
    one.buys(99)
    one.moves_to(JANUARY + timedelta(days=5))
    one.buys(1, on=date(2027, 12, 20))
    assert one.paid == {("silver", "2028-01-01"): BONUS}


def test_a_refund_after_the_period_takes_its_bonus_although_time_has_taken_the_tier_before() -> None:
    one = Shopper()
    one.buys()
    one.moves_to(JANUARY)
    assert (one.account.tier, one.balance) == ("bronze", BONUS)
    one.returns(on=DECEMBER.date())
    assert one.balance == 0


def test_a_refund_takes_no_bonus_that_other_purchases_still_account_for() -> None:
    one = Shopper()
    one.buys()
    one.moves_to(JANUARY)
    one.buys(150)
    assert one.balance == 2 * BONUS
    one.returns(50)
    assert one.balance == 2 * BONUS
    one.returns(60)
    assert one.paid == {("silver", "2027-12-01"): BONUS, ("silver", "2028-01-01"): 0}


def test_a_refund_takes_the_bonus_of_a_re_entry_though_the_tier_was_kept_into_its_period_from_before() -> None:
    one = Shopper(window={"kind": "calendar", "period": "month"}, retention={"kind": "days", "count": 35})
    one.buys()
    one.moves_to(JANUARY + timedelta(days=10))
    assert one.account.tier == "bronze"
    one.buys()
    assert one.balance == 2 * BONUS
    one.returns()
    assert one.paid == {("silver", "2027-12-01"): BONUS, ("silver", "2028-01-01"): 0}


def test_the_bonus_of_a_tier_that_is_granted_stays_with_it() -> None:
    one = Shopper()
    one.buys()
    one.standing.grant = Grant("silver", None, None, None, None)
    one.returns()
    assert (one.account.tier, one.balance) == ("silver", BONUS)


STEPS = st.lists(
    st.tuples(st.sampled_from(["buys", "returns", "spends", "waits"]), st.integers(1, 200), st.integers(0, 70)),
    max_size=25,
)


@given(st.sampled_from(POLICIES), st.sampled_from([MONTH, ROLLING]), STEPS)
def test_whatever_happens_nobody_has_more_of_a_bonus_than_it_is(
    policy: str, settings: dict[str, Any], steps: list[tuple[str, int, int]]
) -> None:
    one = Shopper(policy, **settings)
    spent, kept = 0, []
    for what, number, days in steps:
        if what == "buys":
            one.buys(number, on=(one.now - timedelta(days=days)).date())
            kept.append((number, (one.now - timedelta(days=days)).date()))
        elif what == "returns" and kept:
            minor, day = kept.pop(number % len(kept))
            one.returns(minor, on=day)
        elif what == "spends" and (points := min(number, available(one.account, "points", one.now))):
            one.spends(points)
            spent += points
        elif what == "waits":
            one.moves_to(one.now + timedelta(days=days))
        assert all(points <= {"silver": BONUS, "gold": 2 * BONUS}[key[0]] for key, points in one.paid.items())
        assert one.balance + spent == sum(one.paid.values())
    for minor, day in kept:
        one.returns(minor, on=day)
    assert one.balance + spent == sum(one.paid.values())
    assert all(bonus.taken_back_at for bonus in one.standing.bonuses.values()), "nothing was bought, nothing is had"
