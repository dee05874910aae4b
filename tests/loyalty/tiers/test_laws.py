"""Laws of the fold: kept step by step it is what it is from zero, in whatever order facts and looks come."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.ledger.account import Account
from loyalty.tiers.keeping import catch_up, fold_of, take_in, today_of
from loyalty.tiers.measures import Days, Measures, add_to
from loyalty.tiers.plan import TierPlan
from loyalty.tiers.standing import Change, ChangeCause, Standing
from tests.loyalty.tiers.making import plan

START = datetime(2027, 11, 28, 9, tzinfo=UTC)
ZONES = ("UTC", "Europe/Moscow", "Pacific/Auckland", "America/New_York")


@dataclass(frozen=True)
class Fact:
    """After ``hours``, points of some days ago: a purchase, or what takes it back again."""

    hours: int
    points: int
    days_ago: int
    taken_back_after_hours: int | None


facts = st.builds(
    Fact,
    hours=st.integers(0, 24 * 90),
    points=st.integers(1, 250),
    days_ago=st.sampled_from([0, 0, 0, 1, 30, 400]),
    taken_back_after_hours=st.one_of(st.none(), st.integers(1, 24 * 60)),
)
retentions = st.sampled_from(
    [
        {},
        {"kind": "end_of_period", "period": "month"},
        {"kind": "end_of_period", "period": "quarter", "count": 1},
        {"kind": "days", "count": 45},
        {"kind": "months", "count": 2},
    ]
)
windows = st.sampled_from(
    [
        {"kind": "days", "count": 30},
        {"kind": "months", "count": 3},
        {"kind": "calendar", "period": "month"},
        {"kind": "calendar", "period": "year"},
        {"kind": "membership_year"},
    ]
)
plans: st.SearchStrategy[TierPlan] = st.builds(
    lambda window, retention, downgrade, grace, floor, warning: plan(
        window=window, retention=retention, downgrade=downgrade, grace_days=grace, floor=floor, warning_days=warning
    ),
    windows,
    retentions,
    st.sampled_from(["never", "one_step", "to_what_is_reached"]),
    st.sampled_from([0, 0, 7]),
    st.sampled_from(["", "silver"]),
    st.sampled_from([0, 10]),
)


def account_in(zone: str) -> Account:
    return Account(1, zone, "active", START, datetime(2024, 2, 29, 12, tzinfo=UTC))


def events_of(facts: list[Fact]) -> list[tuple[datetime, date, int]]:
    """(when it comes, its day, points), in their order."""
    found = []
    for fact in facts:
        at = START + timedelta(hours=fact.hours)
        day = (at - timedelta(days=fact.days_ago)).date()
        found.append((at, day, fact.points))
        if fact.taken_back_after_hours is not None:
            found.append((at + timedelta(hours=fact.taken_back_after_hours), day, -fact.points))
    return sorted(found)


def points(amount: int) -> Measures:
    return Measures(points={"points": amount})


def kept(
    made: TierPlan, zone: str, events: list[tuple[datetime, date, int]], looks: list[datetime]
) -> tuple[Standing, Account]:
    """A standing that was kept fact by fact, with looks in between that nobody asked for."""
    account, standing = account_in(zone), Standing(1, made)
    steps: list[tuple[datetime, tuple[date, int] | None]] = [(at, (day, amount)) for at, day, amount in events]
    steps += [(at, None) for at in looks]
    catch_up(standing, account, now=START)
    for at, fact in sorted(steps, key=lambda step: step[0]):
        catch_up(standing, account, now=at)
        if fact is not None:
            take_in(standing, account, fact[0], points(fact[1]), ChangeCause("adjustment", 1), now=at)
    return standing, account


def chained(changes: list[Change]) -> Iterator[bool]:
    for before, after in itertools.pairwise(changes):
        yield before.to_tier == after.from_tier
        yield before.at <= after.at


@settings(max_examples=300)
@given(plans, st.sampled_from(ZONES), st.lists(facts, max_size=12), st.lists(st.integers(0, 24 * 120), max_size=8))
def test_kept_fact_by_fact_it_is_what_it_is_from_zero(
    made: TierPlan, zone: str, some: list[Fact], hours: list[int]
) -> None:
    events = events_of(some)
    end = max([START, *(at for at, _, _ in events)]) + timedelta(days=40)
    looks = [START + timedelta(hours=each) for each in hours if START + timedelta(hours=each) <= end]
    standing, account = kept(made, zone, events, [*looks, end])
    days: Days = {}
    for _, day, amount in events:
        add_to(days, day, points(amount))
    fresh = Standing(1, made, days=days)
    fold = fold_of(fresh, account, made, today_of(fresh, account, end))
    assert account.tier == made.code(fold.tier)
    assert all(chained(standing.changes))


@settings(max_examples=200)
@given(plans, st.sampled_from(ZONES), st.lists(facts, max_size=10), st.lists(st.integers(0, 24 * 120), max_size=8))
def test_whoever_looks_and_however_often_the_story_is_the_same(
    made: TierPlan, zone: str, some: list[Fact], hours: list[int]
) -> None:
    events = events_of(some)
    end = max([START, *(at for at, _, _ in events)]) + timedelta(days=400)
    looks = [START + timedelta(hours=each) for each in hours if START + timedelta(hours=each) <= end]
    seldom, often = kept(made, zone, events, [end]), kept(made, zone, events, [*looks, end])
    assert seldom[1].tier == often[1].tier
    assert seldom[0].changes == often[0].changes


@given(plans, st.lists(facts, min_size=1, max_size=8))
def test_what_was_taken_back_whole_has_never_been(made: TierPlan, some: list[Fact]) -> None:
    undone: dict[str, Any] = {"taken_back_after_hours": 1}
    events = events_of([Fact(fact.hours, fact.points, fact.days_ago, **undone) for fact in some])
    end = events[-1][0] + timedelta(days=1)
    _, with_all = kept(made, "UTC", events, [end])
    _, with_none = kept(made, "UTC", [], [end])
    assert with_all.tier == with_none.tier
