"""What is recorded, what counts as the same act, what is refused: through the domain, on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.services import Services
from kernel.errors import DomainError
from loyalty.actions.outcome import RecordedAction
from loyalty.members.freezing import Standing, change_standing
from loyalty.members.merging import merge_members
from tests.clocks import MovableClock
from tests.loyalty.actions.making import accepted, action, pays, record, summary, told, with_actions
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

SCORE = [{"code": "stars", "type": "int"}, {"code": "topic", "type": "choice", "choices": ["food", "service"]}]
PROGRAMME = with_actions(
    [
        action("login", "daily_login"),
        action("survey", fields=SCORE, natural_key=["topic"]),
        action("chat", limits={"day": 3}),
        action("check-in", "visit", cooldown_hours=2),
        action("trivia", "quiz"),
        action("rating", "review"),
        action("cake", "birthday"),
    ],
    [
        pays("login-pays", "login", 5),
        pays("survey-pays", "survey", formula={"kind": "per_unit", "points": 2, "field": "stars", "per": 1}),
        pays("chat-pays", "chat", 1, caps={"month": 7}),
        pays("check-in-pays", "check-in", 3, budget_points=3_200),
        pays(
            "trivia-pays", "trivia", formula={"kind": "steps", "field": "score", "steps": [{"value": 5, "points": 9}]}
        ),
        pays("rating-pays", "rating", 4),
        pays("cake-pays", "cake", 50),
    ],
)


@pytest.fixture(autouse=True)
async def right_books(services: Services) -> AsyncIterator[None]:
    await publish(services, PROGRAMME)
    yield
    await assert_verified(services)


@pytest.fixture
async def member(shop: Shop) -> int:
    return await shop.member()


async def test_the_same_act_is_paid_once_whoever_tells_of_it(services: Services, member: int) -> None:
    first, again, other_day = await record(
        services,
        told(member, "login", event_id="a"),
        told(member, "login", event_id="b", source="member", reporter="member"),
        told(member, "login", occurred_at=services.clock() - timedelta(days=1)),
    )
    assert [summary(each) for each in (first, again, other_day)] == ["accepted 5", "accepted 5 again", "accepted 5"]
    assert accepted(first).action_no == accepted(again).action_no
    (later,) = await record(services, told(member, "login", event_id="c"))
    assert summary(later) == "accepted 5 again"


SAME_EVENT: list[tuple[dict[str, Any], str]] = [
    ({}, "accepted 8 again"),
    ({"fields": {"stars": 5, "topic": "food"}}, "action_differs"),
    ({"fields": {"stars": 4, "topic": "service"}}, "action_differs"),
    ({"event_id": "2"}, "accepted 8 again"),
    ({"event_id": "2", "fields": {"stars": 3, "topic": "food"}}, "action_differs"),
    ({"event_id": "2", "fields": {"stars": 3, "topic": "service"}}, "accepted 6"),
    ({"source": "system:crm", "fields": {"stars": 3, "topic": "service"}}, "accepted 6"),
]


@pytest.mark.parametrize(("more", "outcome"), SAME_EVENT)
@pytest.mark.parametrize("together", [True, False])
async def test_an_event_told_again_is_the_same_or_refused(
    services: Services, member: int, more: dict[str, Any], outcome: str, together: bool
) -> None:
    first = told(member, "survey", event_id="1", fields={"stars": 4, "topic": "food"})
    second = told(member, "survey", **{"event_id": "1", "fields": first.fields, **more})
    if together:
        outcomes = await record(services, first, second)
    else:
        outcomes = [*await record(services, first), *await record(services, second)]
    assert [summary(each) for each in outcomes] == ["accepted 8", outcome]


async def test_an_event_of_another_member_is_not_that_event(services: Services, shop: Shop, member: int) -> None:
    other = await shop.member()
    first, second = await record(services, told(member, "login", event_id="1"), told(other, "login", event_id="1"))
    assert (summary(first), summary(second)) == ("accepted 5", "action_differs")
    assert isinstance(second, DomainError)
    assert second.facts["differences"] == ["/member"]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("dance", {}, "action_type_unknown"),
    ("trivia", {"reporter": "member"}, "action_not_reportable"),
    ("cake", {}, "action_not_reportable"),
    ("survey", {}, "action_fields"),
    ("survey", {"fields": {"stars": True, "topic": "food"}}, "action_fields"),
    ("survey", {"fields": {"stars": 2**53, "topic": "food"}}, "action_fields"),
    ("survey", {"fields": {"stars": 1, "topic": "music"}}, "action_fields"),
    ("survey", {"fields": {"stars": 1, "topic": "food", "mood": 1}}, "action_fields"),
    ("check-in", {}, "action_fields"),
    ("check-in", {"store_id": "nowhere"}, "store_not_found"),
    ("rating", {"fields": {"sku": "espresso"}}, "item_not_purchased"),
]


@pytest.mark.parametrize(("action_type", "more", "code"), REFUSED)
async def test_what_does_not_fit_is_refused_and_stops_no_neighbour(
    services: Services, member: int, action_type: str, more: dict[str, Any], code: str
) -> None:
    refused, neighbour = await record(services, told(member, action_type, **more), told(member, "login"))
    assert (summary(refused), summary(neighbour)) == (code, "accepted 5")


INSTANTS = [
    (timedelta(minutes=4), "accepted 5"),
    (timedelta(minutes=6), "action_from_the_future"),
    (timedelta(days=400), "action_from_the_future"),
    (timedelta(days=-29), "accepted 5"),
    (timedelta(days=-31), "action_too_late"),
]


@pytest.mark.parametrize(("shift", "outcome"), INSTANTS)
async def test_an_action_is_neither_of_the_future_nor_of_long_ago(
    services: Services, member: int, shift: timedelta, outcome: str
) -> None:
    (recorded,) = await record(services, told(member, "login", occurred_at=services.clock() + shift))
    assert summary(recorded) == outcome
    if isinstance(recorded, RecordedAction):
        assert recorded.occurred_at <= services.clock()


async def test_a_repeat_is_known_however_late_it_comes(services: Services, clock: MovableClock, member: int) -> None:
    event = told(member, "login", event_id="1", occurred_at=clock())
    await record(services, event)
    clock.advance(days=200)
    assert [summary(each) for each in await record(services, event)] == ["accepted 5 again"]


async def test_a_limit_counts_the_local_days_of_the_member(
    services: Services, clock: MovableClock, member: int
) -> None:
    clock.set(datetime(2026, 3, 10, 20, 30, tzinfo=UTC))  # 23:30 in Moscow
    before = [summary(each) for each in await record(services, *[told(member, "chat")] * 4)]
    assert before == [*["accepted 1"] * 3, "action_limit_reached"]
    clock.advance(hours=1)
    after = [summary(each) for each in await record(services, *[told(member, "chat")] * 4)]
    assert after == [*["accepted 1"] * 3, "action_limit_reached"]
    late = told(member, "chat", occurred_at=clock() - timedelta(hours=1))
    assert [summary(each) for each in await record(services, late)] == ["action_limit_reached"]
    clock.advance(days=1)
    capped = [summary(each) for each in await record(services, *[told(member, "chat")] * 2)]
    assert capped == ["accepted 1", "accepted 0"]


async def test_a_cooldown_holds_both_ways_in_time(services: Services, shop: Shop, member: int) -> None:
    store, now = await shop.store(), services.clock()
    stores = [store, await shop.store(), await shop.store(), await shop.store()]
    shifts = [0, -119, -120, -239]
    outcomes = await record(
        services,
        *(
            told(member, "check-in", store_id=at, occurred_at=now + timedelta(minutes=shift))
            for at, shift in zip(stores, shifts, strict=True)
        ),
    )
    assert [summary(each) for each in outcomes] == [
        "accepted 3",
        "action_cooling_down",
        "accepted 3",
        "action_cooling_down",
    ]


async def test_a_limit_is_exact_under_a_hundred_at_once(services: Services, member: int) -> None:
    batches = await asyncio.gather(*(record(services, told(member, "chat", event_id=f"{n}")) for n in range(100)))
    outcomes = [summary(each) for (each,) in batches]
    assert (outcomes.count("accepted 1"), outcomes.count("action_limit_reached")) == (3, 97)


async def test_sixteen_clients_log_in_once(services: Services, member: int) -> None:
    batches = await asyncio.gather(*(record(services, told(member, "login", event_id=f"{n}")) for n in range(16)))
    outcomes = [summary(each) for (each,) in batches]
    assert (outcomes.count("accepted 5"), outcomes.count("accepted 5 again")) == (1, 15)


async def test_a_frozen_member_s_action_is_recorded_and_earns_nothing(services: Services, member: int) -> None:
    async with services.database.write() as session:
        await change_standing(session, member, Standing(earning_frozen=True, spending_frozen=False, blocked=False))
        await session.commit()
    (recorded,) = await record(services, told(member, "login"))
    assert summary(recorded) == "accepted 0"
    assert accepted(recorded).flags == ("earning_frozen",)


async def test_natural_keys_survive_a_merge(services: Services, shop: Shop, member: int) -> None:
    other = await shop.member()
    event = told(other, "survey", event_id="1", fields={"stars": 4, "topic": "food"})
    await record(services, told(member, "login"), told(other, "login"), event)
    async with services.database.write() as session:
        await merge_members(
            session, source_id=other, target_id=member, actor="staff:b", reason="same", now=services.clock()
        )
        await session.commit()
    outcomes = await record(
        services,
        told(other, "login"),
        told(member, "login"),
        event,
        told(member, "survey", event_id="1", fields=event.fields),
        told(member, "survey", event_id="2", fields=event.fields),
    )
    assert [summary(each) for each in outcomes] == [*["accepted 5 again"] * 2, *["accepted 8 again"] * 3]


async def test_nobody_does_nothing(services: Services) -> None:
    assert [summary(each) for each in await record(services, told(987_654, "login"))] == ["member_not_found"]
