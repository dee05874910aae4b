"""Many clients at once on connections of their own: how many succeed is an exact number, and the books are right."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from asyncpg import UniqueViolationError
from msgspec.structs import replace

from kernel.database import Database, driver
from kernel.errors import DomainError
from loyalty.budgets import BudgetTakenError
from loyalty.holds import Checkout
from loyalty.ledger.sweeping import sweep
from loyalty.members.merging import CannotMergeError, merge_members
from loyalty.purchases.outcome import Later, Recorded, Repeated, Submission
from loyalty.refunds.returned import Refunded
from loyalty.verification.invariant import Scope
from loyalty.verification.running import verify
from tests.conftest import DatabaseUrls
from tests.loyalty.ledger.rulebook import Basket, Goods
from tests.loyalty.ledger.till import HERE, STORE, Till, new_key
from tests.programmes import fixed, programme, rate

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANOTHER_STORE = Checkout("another-store", "far-till")
AT_ONCE = 20
"""Connections; whoever is beyond waits outside of the pool."""
PAYING: dict[str, Any] = {
    "currency": "EUR",
    "spending": {"value": {"points": 1, "minor": 1}, "needs_proof": False},
}

Answer = TypeVar("Answer")


@pytest.fixture
async def till(ledger_urls: DatabaseUrls) -> AsyncIterator[Till]:
    """A till with twenty arms, under a programme that pays a point for each unit of money."""
    database = Database(ledger_urls.app, pool_size=AT_ONCE)
    till = Till(database)
    await till.open_for_business(programme(rate(per_minor=1), **PAYING), now=NOW)
    yield till
    await database.close()


async def together(works: Sequence[Awaitable[Answer]]) -> list[Answer | DomainError]:
    """Everything at once, in an order of chance; refusals are answers."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(work: Awaitable[Answer]) -> Answer | DomainError:
        async with room:
            try:
                return await work
            except DomainError as refusal:
                return refusal

    return await asyncio.gather(*(one(work) for work in works))


def kinds(outcomes: Sequence[object]) -> dict[str, int]:
    return dict(Counter(type(outcome).__name__ for outcome in outcomes))


def basket(amount_minor: int, pieces: int = 1) -> Basket:
    return (Goods("1", pieces, amount_minor),)


async def sell(till: Till, submission: Submission) -> object:
    """Record it, again where its member was merged while it waited for the lock."""
    outcome: object = Later.POSTPONED
    while outcome is Later.POSTPONED:
        (outcome,) = await till.sell([submission], alone=True, now=NOW)
    return outcome


async def rich_member(till: Till, points: int) -> int:
    member_id = await till.enrol(now=NOW)
    await sell(till, till.submission(till.sale(member_id, basket(points), stated_at=NOW)))
    return member_id


async def balance(till: Till, member_id: int, now: datetime = NOW) -> int:
    (has,) = await till.look([member_id], now=now)
    return has.totals["points"][0] if has.totals else 0


async def check_books(till: Till, *member_ids: int) -> None:
    scope = Scope(
        now=NOW + timedelta(days=1),
        first_member=min(member_ids),
        last_member=max(member_ids),
        delivery_patience=timedelta(days=36_500),
    )
    broken = [result.examples for result in await verify(till.database, scope) if result.violations]
    assert broken == []


async def test_of_a_hundred_tills_one_holds_the_last_hundred_points(till: Till) -> None:
    member_id = await rich_member(till, 100)
    outcomes = await together([till.hold(member_id, basket(100), 100, now=NOW) for _ in range(100)])
    assert kinds(outcomes) == {"PlacedHold": 1, "SpendRefusedError": 99}
    await check_books(till, member_id)


async def test_a_hundred_holds_of_ten_points_take_a_hundred_points(till: Till) -> None:
    member_id = await rich_member(till, 105)
    outcomes = await together([till.hold(member_id, basket(10), 10, now=NOW) for _ in range(100)])
    assert kinds(outcomes) == {"PlacedHold": 10, "SpendRefusedError": 90}
    await check_books(till, member_id)


async def test_a_hundred_sales_at_once_earn_up_to_the_cap_and_no_further(till: Till) -> None:
    welcome = fixed("welcome", 10, caps={"day": 35})
    await till.open_for_business(programme(welcome, **PAYING), now=NOW)
    member_id = await till.enrol(now=NOW)
    sales = [till.submission(till.sale(member_id, basket(100), stated_at=NOW)) for _ in range(100)]
    outcomes = await together([sell(till, sale) for sale in sales])
    assert kinds(outcomes) == {"Recorded": 100}
    assert await balance(till, member_id) == 35
    await check_books(till, member_id)


async def test_a_budget_is_given_out_to_the_last_point_and_no_further(till: Till) -> None:
    await till.open_for_business(programme(fixed("pot", 50, budget_points=1_000), **PAYING), now=NOW)
    members = [await till.enrol(now=NOW) for _ in range(48)]
    sales = [till.submission(till.sale(member_id, basket(100), stated_at=NOW)) for member_id in members]
    assert kinds(await together([sell(till, sale) for sale in sales])) == {"Recorded": 48}
    found = await till.look(members, now=NOW)
    assert sum(has.totals["points"][0] for has in found if has.totals) == 1_000
    await check_books(till, *members)


async def test_batches_at_once_give_a_budget_out_to_the_last_point_and_no_further(till: Till) -> None:
    await till.open_for_business(programme(fixed("jar", 50, budget_points=1_000), **PAYING), now=NOW)
    members = [await till.enrol(now=NOW) for _ in range(48)]
    sales = [till.submission(till.sale(member_id, basket(100), stated_at=NOW)) for member_id in members]

    async def together_or_alone(batch: Sequence[Submission]) -> None:
        outcomes: list[Any]
        try:
            outcomes = await till.sell(batch, alone=False, now=NOW)
        except BudgetTakenError:
            outcomes = [await sell(till, sale) for sale in batch]
        assert kinds(outcomes) == {"Recorded": len(batch)}

    await asyncio.gather(*(together_or_alone(sales[start::4]) for start in range(4)))
    found = await till.look(members, now=NOW)
    assert sum(has.totals["points"][0] for has in found if has.totals) == 1_000
    await check_books(till, *members)


@pytest.mark.parametrize("chance", range(5))
async def test_capture_void_and_time_out_race_for_a_hold_and_one_of_them_wins(till: Till, chance: int) -> None:
    """Of two tills of its store; whoever asks from another store finds none, before, between and after."""
    member_id = await rich_member(till, 100)
    placed = await till.hold(member_id, basket(80), 80, now=NOW)
    hold_no = placed.hold.hold_no
    sale = till.submission(till.sale(member_id, basket(80), stated_at=NOW, hold_no=hold_no))

    async def time_out() -> None:
        async with till.transaction() as session:
            await sweep(session, now=placed.hold.expires_at, limit=100)

    async def capture(checkout: Checkout) -> object:
        await till.owner_of_hold(member_id, hold_no, checkout=checkout)
        return await sell(till, sale)

    works: list[Awaitable[object]] = [
        capture(HERE),
        till.void_hold(member_id, hold_no, now=NOW, checkout=Checkout(STORE, "another-till")),
        time_out(),
        capture(ANOTHER_STORE),
        till.void_hold(member_id, hold_no, now=NOW, checkout=ANOTHER_STORE),
    ]
    random.Random(chance).shuffle(works)
    counts = kinds(await together(works))
    assert (counts["Recorded"], counts["HoldNotFoundError"]) == (1, 2)
    assert await resolutions(till, member_id) == 1
    assert await balance(till, member_id, placed.hold.expires_at) == 20
    await check_books(till, member_id)


async def resolutions(till: Till, member_id: int) -> int:
    async with till.database.read() as session:
        told: int = await (await driver(session)).fetchval(
            "SELECT count(*) FROM outbox_event WHERE member_id = $1 AND type = 'hold_resolved'", member_id
        )
    return told


async def test_a_hold_pays_for_one_of_the_sales_that_name_it(till: Till) -> None:
    member_id = await rich_member(till, 100)
    placed = await till.hold(member_id, basket(60), 60, now=NOW)
    sales = [
        till.submission(till.sale(member_id, basket(60), stated_at=NOW, hold_no=placed.hold.hold_no)) for _ in range(30)
    ]
    outcomes = await together([sell(till, sale) for sale in sales])
    assert kinds(outcomes) == {"Recorded": 1, "HoldNotOpenError": 29}
    await check_books(till, member_id)


async def test_sixteen_clients_send_the_same_two_hundred_receipts(till: Till) -> None:
    """Each in an order of its own and under its own keys, in batches, as queues of tills that were offline."""
    members = [await till.enrol(now=NOW) for _ in range(20)]
    sales = [till.submission(till.sale(members[n % 20], basket(10), stated_at=NOW)) for n in range(200)]
    answers = await asyncio.gather(*(deliver(till, sales, chance) for chance in range(16)))
    assert Counter(kind for client in answers for kind in client) == {"Recorded": 200, "Repeated": 15 * 200}
    assert [has.totals["points"][0] for has in await till.look(members, now=NOW)] == [100] * 20
    await check_books(till, *members)


async def deliver(till: Till, sales: Sequence[Submission], chance: int) -> list[str]:
    """Send everything until it is answered: who loses a race for a receipt, or finds a member locked, sends again."""
    left = [replace(sale, key=new_key()) for sale in sales]
    random.Random(chance).shuffle(left)
    answered = []
    alone = False
    while left:
        sent = left[: 1 if alone else 25]
        try:
            outcomes = await till.sell(sent, alone=alone, now=NOW)
        except UniqueViolationError:
            alone = True
            continue
        answered += [type(outcome).__name__ for outcome in outcomes if outcome is not Later.POSTPONED]
        again = [sale for sale, outcome in zip(sent, outcomes, strict=True) if outcome is Later.POSTPONED]
        alone = len(again) == len(sent)
        left = again + left[len(sent) :]
        for outcome in outcomes:
            assert isinstance(outcome, Recorded | Repeated | Later)
    return answered


async def test_members_who_are_merged_in_a_ring_at_once_become_one_and_lose_nothing(till: Till) -> None:
    for size in (2, 3, 3):
        ring = [await rich_member(till, 100) for _ in range(size)]
        pairs = list(zip(ring, ring[1:] + ring[:1], strict=True))
        outcomes = await together([merge(till, source_id, target_id) for source_id, target_id in pairs])
        merged = [outcome for outcome in outcomes if isinstance(outcome, int)]
        assert all(isinstance(outcome, int | CannotMergeError) for outcome in outcomes)
        assert merged
        assert sum([await balance(till, member_id) for member_id in await survivors(till, ring)]) == 100 * size
        await check_books(till, *ring)


async def merge(till: Till, source_id: int, target_id: int) -> int:
    async with till.transaction() as session:
        return await merge_members(
            session, source_id=source_id, target_id=target_id, actor="staff:test", reason="twins", now=NOW
        )


async def survivors(till: Till, member_ids: Sequence[int]) -> list[int]:
    async with till.database.read() as session:
        rows = await (await driver(session)).fetch(
            "SELECT member_id FROM member WHERE member_id = ANY($1::bigint[]) AND merged_into IS NULL", member_ids
        )
    return [row["member_id"] for row in rows]


async def test_thirty_refunds_of_ten_pieces_return_ten(till: Till) -> None:
    member_id = await till.enrol(now=NOW)
    sale = till.sale(member_id, basket(1_003, pieces=10), stated_at=NOW)
    await sell(till, till.submission(sale))
    refunds = [till.refund(sale, {"1": 1}, stated_at=NOW) for _ in range(30)]
    outcomes = await together([till.take_back(refund, now=NOW) for refund in refunds])
    assert kinds(outcomes) == {"Refunded": 10, "RefundAbovePurchaseError": 20}
    assert sum(outcome.amount_minor for outcome in outcomes if isinstance(outcome, Refunded)) == 1_003
    assert await balance(till, member_id) == 0
    await check_books(till, member_id)


async def test_sales_refunds_and_a_merge_at_once_lose_no_point(till: Till) -> None:
    source_id, target_id = await till.enrol(now=NOW), await till.enrol(now=NOW)
    sold = [till.sale(source_id, basket(10), stated_at=NOW) for _ in range(10)]
    for sale in sold:
        await sell(till, till.submission(sale))
    refunds = [till.take_back(till.refund(sale, {}, stated_at=NOW), now=NOW) for sale in sold[:6]]
    sales = [sell(till, till.submission(till.sale(source_id, basket(7), stated_at=NOW))) for _ in range(10)]
    outcomes = await together([*refunds[:3], *sales[:5], merge(till, source_id, target_id), *refunds[3:], *sales[5:]])
    assert kinds(outcomes) == {"Refunded": 6, "Recorded": 10, "int": 1}
    assert await balance(till, target_id) == 4 * 10 + 10 * 7
    await check_books(till, source_id, target_id)
