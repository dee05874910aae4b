"""What ``kernel.outbox`` promises, on real PostgreSQL."""

import asyncio
from datetime import UTC, datetime

import pytest

from api.delivering import Outbox
from kernel.database import Database, driver
from kernel.events import Reactions, merged, publish
from kernel.outbox import MAX_ATTEMPTS, outbox_state, rerun
from tests.clocks import MovableClock
from tests.conftest import DatabaseUrls
from tests.worker.pings import Ignored, Pinged, effects, noting, publish_committed

pytestmark = pytest.mark.anyio


async def drain(outbox: Outbox) -> None:
    """Spread and deliver until nothing is due."""
    while await outbox.spread() + sum([await outbox.deliver(partition) for partition in await outbox.waiting()]):
        pass


def pings(member_id: int, count: int) -> list[Pinged]:
    return [Pinged(member_id=member_id, number=number) for number in range(count)]


async def test_each_handler_has_its_effect_once_and_in_order_with_two_workers(
    worker_urls: DatabaseUrls, database: Database
) -> None:
    members, count = range(1, 41), 25
    handlers = (noting("one", batch_size=7), noting("two", batch_size=64))
    other = Database(worker_urls.app, pool_size=4)
    workers = [Outbox(each, {Pinged: handlers}, clock=MovableClock()) for each in (database, other, database, other)]
    for number in range(count):
        await publish_committed(database, [Pinged(member_id=member, number=number) for member in members])
    await asyncio.gather(*(drain(worker) for worker in workers))
    await drain(workers[0])
    await other.close()
    assert await effects(database) == {
        (handler, member): list(range(count)) for handler in ("one", "two") for member in members
    }


async def test_a_poison_event_holds_up_its_own_lane_only(database: Database) -> None:
    clock = MovableClock()
    poison = noting("picky", refuse=lambda event: (event.member_id, event.number) == (2, 1))
    outbox = Outbox(database, {Pinged: (poison, noting("calm"))}, clock=clock)
    # 2, 18 and 34 share a partition, so the poison event is in one batch with theirs.
    await publish_committed(database, [event for member in (2, 18, 34, 3) for event in pings(member, 3)])
    await drain(outbox)
    assert await effects(database) == {
        ("picky", 2): [0],
        **{("picky", member): [0, 1, 2] for member in (18, 34, 3)},
        **{("calm", member): [0, 1, 2] for member in (2, 18, 34, 3)},
    }
    async with database.read() as session:
        state = await outbox_state(session)
    assert (state.to_deliver, state.retrying, state.parked) == (2, 1, 0)


async def test_a_waiting_lane_goes_on_in_order_when_the_event_succeeds_later(database: Database) -> None:
    clock, broken = MovableClock(), [True]
    outbox = Outbox(database, {Pinged: (noting("picky", refuse=lambda e: broken[0] and e.number == 1),)}, clock=clock)
    await publish_committed(database, pings(5, 3))
    await drain(outbox)
    await publish_committed(database, [Pinged(member_id=5, number=3)])
    await drain(outbox)
    assert await effects(database) == {("picky", 5): [0]}
    broken[0] = False
    clock.advance(minutes=1)
    await drain(outbox)
    assert await effects(database) == {("picky", 5): [0, 1, 2, 3]}


async def test_an_event_that_keeps_failing_is_parked_counted_and_can_be_run_again(database: Database) -> None:
    clock, broken = MovableClock(), [True]
    outbox = Outbox(database, {Pinged: (noting("picky", refuse=lambda e: broken[0] and e.number == 1),)}, clock=clock)
    await publish_committed(database, pings(5, 3))
    for _ in range(MAX_ATTEMPTS):
        await drain(outbox)
        clock.advance(hours=1)
    await drain(outbox)
    assert await effects(database) == {("picky", 5): [0, 2]}
    async with database.read() as session:
        state = await outbox_state(session)
    assert (state.to_spread, state.to_deliver, state.parked) == (0, 0, 1)

    broken[0] = False
    async with database.write() as session:
        assert await rerun(session, handler="picky") == 1
        await session.commit()
    await drain(outbox)
    assert await effects(database) == {("picky", 5): [0, 2, 1]}


async def test_an_event_that_commits_late_is_not_skipped(database: Database) -> None:
    outbox = Outbox(database, {Pinged: (noting("one"),)}, clock=MovableClock())
    async with database.write() as late:
        await publish(await driver(late), pings(1, 1), now=datetime(2026, 3, 1, tzinfo=UTC))
        await publish_committed(database, pings(2, 1))
        await drain(outbox)
        assert await effects(database) == {("one", 2): [0]}
        await late.commit()
    await drain(outbox)
    assert await effects(database) == {("one", 2): [0], ("one", 1): [0]}


async def test_an_event_whose_fact_was_rolled_back_never_happened(database: Database) -> None:
    outbox = Outbox(database, {Pinged: (noting("one"),)}, clock=MovableClock())
    async with database.write() as session:
        await publish(await driver(session), pings(1, 3), now=datetime(2026, 3, 1, tzinfo=UTC))
    await drain(outbox)
    assert await effects(database) == {}


async def test_delivered_and_unwanted_events_leave_no_row(database: Database) -> None:
    outbox = Outbox(database, {Pinged: (noting("one"),), Ignored: ()}, clock=MovableClock())
    await publish_committed(database, [*pings(1, 3), Ignored(member_id=1)])
    await drain(outbox)
    async with database.read() as session:
        state = await outbox_state(session)
    assert (state.to_spread, state.to_deliver, state.parked, state.oldest_at) == (0, 0, 0, None)


async def test_an_event_of_a_newer_release_waits_for_a_worker_that_knows_it(database: Database) -> None:
    outbox = Outbox(database, {Pinged: (noting("one"),)}, clock=MovableClock())
    async with database.write() as session:
        await (await driver(session)).execute(
            "INSERT INTO outbox_event (member_id, type, payload, created_at) VALUES (1, 'from_tomorrow', '{}', now())"
        )
        await session.commit()
    await drain(outbox)
    async with database.read() as session:
        assert (await outbox_state(session)).to_spread == 1


def test_two_handlers_of_one_name_are_refused() -> None:
    first: Reactions = {Pinged: (noting("same"),)}
    second: Reactions = {Ignored: (noting("same"),)}
    with pytest.raises(ValueError, match="'same'"):
        merged(first, second)
