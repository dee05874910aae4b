"""Staff decide about what waits, and take back what was wrong: through the domain, on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from api.services import Services
from kernel.database import driver
from kernel.errors import DomainError
from loyalty.actions.moderating import Decision, decide_action
from loyalty.actions.outcome import ActionOutcome, Proof
from loyalty.actions.reading import list_waiting
from loyalty.actions.reversing import reverse_action
from loyalty.members.erasing import erase_member
from loyalty.members.merging import merge_members
from tests.clocks import MovableClock
from tests.loyalty.actions.making import accepted, action, pays, record, summary, told, with_actions
from tests.programmes import publish
from tests.shop import Shop
from tests.verified import assert_verified

TIERS = [
    {"code": "new", "names": {"en": "New"}},
    {"code": "doer", "names": {"en": "Doer"}, "thresholds": {"actions": 2}, "entry_bonus": {"points": 7}},
]
PROGRAMME = with_actions(
    [
        action("story", proof="moderated", fields=[{"code": "topic", "type": "code"}], natural_key=["topic"]),
        action("short", proof="moderated", limits={"day": 1}),
        action("gift"),
    ],
    [
        pays("story-pays", "story", 40, caps={"month": 60}, budget_points=16_000),
        pays("short-pays", "short", 3),
        pays("gift-pays", "gift", 10, caps={"day": 15}, budget_points=1_600),
    ],
    tiers=TIERS,
)
YES, NO = Decision(accept=True), Decision(accept=False, reason="not_a_story")


@pytest.fixture(autouse=True)
async def right_books(services: Services) -> AsyncIterator[None]:
    await publish(services, PROGRAMME)
    yield
    await assert_verified(services)


@pytest.fixture
async def member(shop: Shop) -> int:
    return await shop.member()


async def decide(services: Services, key: tuple[int, int], decision: Decision) -> ActionOutcome:
    async with services.database.write() as session:
        try:
            outcome = await decide_action(
                session, key, decision, actor="staff:boris", programmes=services.programmes, now=services.clock()
            )
        except DomainError as error:
            return error
        await session.commit()
    return outcome


async def reverse(services: Services, key: tuple[int, int]) -> ActionOutcome:
    async with services.database.write() as session:
        try:
            outcome = await reverse_action(
                session,
                key,
                reason="wrong",
                actor="staff:boris",
                programmes=services.programmes,
                now=services.clock(),
            )
        except DomainError as error:
            return error
        await session.commit()
    return outcome


async def claim(services: Services, member_id: int, topic: str = "food") -> tuple[int, int]:
    """The key of a story that waits."""
    (waiting,) = await record(
        services, told(member_id, "story", fields={"topic": topic}, proof=Proof(text="It was good."))
    )
    assert summary(waiting) == "waiting 0"
    return member_id, accepted(waiting).action_no


async def merge(services: Services, source_id: int, target_id: int) -> None:
    async with services.database.write() as session:
        await merge_members(
            session, source_id=source_id, target_id=target_id, actor="staff:b", reason="same", now=services.clock()
        )
        await session.commit()


async def test_what_was_accepted_is_paid_then_and_not_again(
    services: Services, clock: MovableClock, member: int
) -> None:
    key = await claim(services, member)
    clock.advance(days=3)
    assert summary(await decide(services, key, YES)) == "accepted 40"
    assert summary(await decide(services, key, YES)) == "action_not_waiting"
    (again,) = await record(services, told(member, "story", fields={"topic": "food"}))
    assert summary(again) == "accepted 40 again"


async def test_caps_hold_at_the_decision(services: Services, member: int) -> None:
    keys = [await claim(services, member, topic) for topic in ("food", "drinks", "service")]
    outcomes = [summary(await decide(services, key, YES)) for key in keys]
    assert outcomes == ["accepted 40", "accepted 20", "accepted 0"]


async def test_what_was_rejected_may_be_claimed_again(services: Services, member: int) -> None:
    key = await claim(services, member)
    assert summary(await decide(services, key, NO)) == "rejected 0"
    assert await claim(services, member) == (member, key[1] + 1)


async def test_what_was_rejected_does_not_use_up_a_limit(services: Services, member: int) -> None:
    (first, refused) = await record(services, told(member, "short"), told(member, "short"))
    assert [summary(first), summary(refused)] == ["waiting 0", "action_limit_reached"]
    await decide(services, (member, accepted(first).action_no), NO)
    assert [summary(each) for each in await record(services, told(member, "short"))] == ["waiting 0"]


async def test_of_ten_who_decide_at_once_one_does(services: Services, member: int) -> None:
    key = await claim(services, member)
    decisions = [YES, NO] * 5
    outcomes = await asyncio.gather(*(decide(services, key, decision) for decision in decisions))
    refused = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert [error.code for error in refused] == ["action_not_waiting"] * 9


async def test_staff_s_own_word_waits_for_nobody(services: Services, member: int) -> None:
    (done,) = await record(services, told(member, "story", reporter="staff", source="staff", fields={"topic": "x"}))
    assert summary(done) == "accepted 40"


async def test_an_action_of_a_merged_member_goes_on_with_the_survivor(services: Services, shop: Shop) -> None:
    target, source = await shop.member(), await shop.member()
    await record(services, told(target, "gift"), told(target, "gift"))
    key, own = await claim(services, source), await claim(services, target, "drinks")
    await merge(services, source, target)
    done = accepted(await decide(services, key, YES))
    assert (done.member_id, done.action_no, done.earned) == (target, 4, {"points": 40})
    assert summary(await decide(services, key, YES)) == "action_not_waiting"
    assert summary(await decide(services, own, YES)) == "accepted 20"
    assert summary(await reverse(services, (target, 4))) == "accepted 40"


async def test_of_two_claims_of_one_act_one_counts_after_a_merge(services: Services, shop: Shop) -> None:
    target, source = await shop.member(), await shop.member()
    first, second = await claim(services, target), await claim(services, source)
    await merge(services, source, target)
    assert summary(await decide(services, second, YES)) == "action_claimed_twice"
    assert summary(await decide(services, first, YES)) == "accepted 40"
    assert summary(await decide(services, second, NO)) == "rejected 0"


async def test_what_is_taken_back_frees_limits_and_is_known_for_good(services: Services, member: int) -> None:
    first, second = await record(services, told(member, "gift", event_id="1"), told(member, "gift", event_id="2"))
    assert [summary(first), summary(second)] == ["accepted 10", "accepted 5"]
    key = (member, accepted(first).action_no)
    outcomes = await asyncio.gather(*(reverse(services, key) for _ in range(5)))
    assert sorted(summary(each) for each in outcomes) == [*["accepted 10"], *["action_not_reversible"] * 4]
    (again, third) = await record(services, told(member, "gift", event_id="1"), told(member, "gift", event_id="3"))
    assert [summary(again), summary(third)] == ["accepted 10 again", "accepted 10"]
    assert accepted(again).reversed_at == services.clock()


async def test_a_tier_is_made_of_actions_and_taken_back_with_them(services: Services, member: int) -> None:
    await record(services, told(member, "gift"))
    (second,) = await record(services, told(member, "gift"))
    assert await tier_of(services, member) == "doer"
    await reverse(services, (member, accepted(second).action_no))
    assert await tier_of(services, member) == "new"


async def tier_of(services: Services, member_id: int) -> str:
    async with services.database.read() as session:
        tier: str = await (await driver(session)).fetchval("SELECT tier FROM member WHERE member_id = $1", member_id)
    return tier


async def test_who_is_erased_leaves_no_proof_and_earns_nothing(services: Services, member: int) -> None:
    key = await claim(services, member)
    async with services.database.write() as session:
        await erase_member(session, member, actor="staff:b", reason="asked_for", now=services.clock())
        await session.commit()
    async with services.database.read() as session:
        (waiting,) = await list_waiting(await driver(session), after=None, limit=5)
    assert waiting.proof is None
    assert summary(await decide(services, key, YES)) == "accepted 0"
    assert [summary(each) for each in await record(services, told(member, "gift"))] == ["member_not_found"]
