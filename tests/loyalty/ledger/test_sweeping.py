"""The sweeper on PostgreSQL: in bounded batches, past locked members, and it tells of holds that timed out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from kernel.database import Database, WriteSession, driver
from loyalty.ledger.sweeping import sweep
from tests.conftest import DatabaseUrls
from tests.loyalty.ledger.rulebook import Goods
from tests.loyalty.ledger.till import Till
from tests.programmes import programme, rate

NOW = datetime(2030, 5, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
GOODS = (Goods("1", 1, 100),)


@pytest.fixture
async def till(ledger_urls: DatabaseUrls) -> AsyncIterator[Till]:
    """Under a programme whose points live for a day; what other tests left behind has been swept."""
    database = Database(ledger_urls.app, pool_size=4)
    till = Till(database)
    paying = {"value": {"points": 1, "minor": 1}, "needs_proof": False}
    lives = {"kind": "days", "count": 1}
    await till.open_for_business(programme(rate(per_minor=1), currency="EUR", spending=paying, expiry=lives), now=NOW)
    async with till.transaction() as session:
        while await sweep(session, now=LATER, limit=1_000):
            pass
    yield till
    await database.close()


async def customers(till: Till, count: int) -> list[int]:
    members = [await till.enrol(now=NOW) for _ in range(count)]
    sales = [till.submission(till.sale(member_id, GOODS, stated_at=NOW)) for member_id in members]
    await till.sell(sales, alone=True, now=NOW)
    return members


async def stored(session: WriteSession, member_ids: list[int]) -> list[int]:
    rows = await (await driver(session)).fetch(
        "SELECT remaining FROM balance WHERE member_id = ANY($1::bigint[]) ORDER BY member_id", member_ids
    )
    return [row["remaining"] for row in rows]


async def test_it_works_in_bounded_batches_until_nothing_is_due(till: Till) -> None:
    members = await customers(till, 5)
    async with till.transaction() as session:
        swept = [await sweep(session, now=LATER, limit=2) for _ in range(4)]
        assert swept == [2, 2, 1, 0]
        assert await stored(session, members) == [0] * 5


async def test_nothing_is_swept_before_it_is_due(till: Till) -> None:
    members = await customers(till, 1)
    async with till.transaction() as session:
        assert await sweep(session, now=NOW + timedelta(days=1), limit=10) == 0
        assert await stored(session, members) == [100]


async def test_a_member_whom_somebody_has_locked_is_passed_over(till: Till) -> None:
    members = await customers(till, 2)
    async with till.transaction() as other:
        await (await driver(other)).execute("SELECT FROM member WHERE member_id = $1 FOR UPDATE", members[0])
        async with till.transaction() as session:
            assert await sweep(session, now=LATER, limit=10) == 1
            assert await stored(session, members) == [100, 0]
    async with till.transaction() as session:
        assert await sweep(session, now=LATER, limit=10) == 1


async def test_a_hold_that_timed_out_is_told_once_whoever_notices(till: Till) -> None:
    (member_id,) = await customers(till, 1)
    await till.hold(member_id, GOODS, 40, now=NOW)
    noticed = NOW + timedelta(hours=1)
    async with till.transaction() as session:
        assert [await sweep(session, now=noticed, limit=10) for _ in range(2)] == [1, 0]
    await till.sell([till.submission(till.sale(member_id, GOODS, stated_at=noticed))], alone=True, now=noticed)
    async with till.transaction() as session:
        told = await (await driver(session)).fetch(
            "SELECT payload FROM outbox_event WHERE member_id = $1 AND type = 'hold_resolved'", member_id
        )
    assert [(row["payload"]["outcome"], row["payload"]["captured"]) for row in told] == [("expired", 0)]
