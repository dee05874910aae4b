"""``member_fact`` after sales, refunds, voids, merges and erasures, in whatever order they are heard of."""

import itertools
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from kernel.database import Database, driver
from loyalty.events import MemberErased, MembersMerged, PurchaseRecorded, PurchaseRefunded
from loyalty.members.facts import FactEvent, keep_facts

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def bought(member_id: int, purchase_no: int, day: int, total_minor: int) -> PurchaseRecorded:
    return PurchaseRecorded(
        member_id=member_id,
        purchase_no=purchase_no,
        store_id="center",
        occurred_at=NOON,
        local_date=date(2026, 3, day),
        currency="EUR",
        total_minor=total_minor,
        points_earned={},
    )


def returned(member_id: int, purchase_no: int, amount_minor: int, *, is_void: bool = False) -> PurchaseRefunded:
    return PurchaseRefunded(
        member_id=member_id,
        refund_no=1,
        purchase_no=purchase_no,
        store_id="center",
        occurred_at=NOON,
        local_date=date(2026, 3, 20),
        currency="EUR",
        amount_minor=amount_minor,
        is_void=is_void,
    )


async def facts_after(database: Database, *batches: list[FactEvent]) -> dict[int, tuple[int, int, date | None]]:
    """Purchases, spend and last day by member."""
    for batch in batches:
        async with database.write() as session:
            await keep_facts(session, batch, now=NOON)
            await session.commit()
    async with database.read() as session:
        rows = await (await driver(session)).fetch("SELECT * FROM member_fact")
    return {row["member_id"]: (row["purchases_count"], row["spend_minor"], row["last_purchase_on"]) for row in rows}


async def enrol(database: Database, *member_ids: int, merged_into: int | None = None) -> None:
    async with database.write() as session:
        await (await driver(session)).execute(
            """INSERT INTO member (member_id, status, merged_into, zone, language, enrolled_at, recorded_at)
            SELECT m, $2, $3, 'UTC', 'en', now(), now() FROM unnest($1::bigint[]) AS m""",
            list(member_ids),
            "active" if merged_into is None else "merged",
            merged_into,
        )
        await session.commit()


async def test_sales_and_refunds_add_up_in_any_order_and_any_batches(database: Database) -> None:
    events: list[FactEvent] = [bought(1, 1, 3, 500), bought(1, 2, 9, 700), returned(1, 1, 200), bought(1, 3, 5, 100)]
    await enrol(database, 1)
    for order in itertools.permutations(events):
        async with database.write() as session:
            connection = await session.connection()
            await connection.execute(text("DELETE FROM member_fact"))
            await session.commit()
        assert await facts_after(database, list(order[:2]), list(order[2:])) == {1: (3, 1100, date(2026, 3, 9))}


async def test_a_voided_sale_was_never_the_last_one(database: Database) -> None:
    await enrol(database, 1)
    async with database.write() as session:
        await (await driver(session)).execute(
            """INSERT INTO purchase (member_id, purchase_no, receipt_key, store_id, terminal_id, channel, occurred_at,
                stated_at, recorded_at, local_date, business_date, currency, total_minor, tenders, programme_version,
                evaluation, earned, flags, voided)
            SELECT 1, n, n, 'center', 't1', 'store', now(), now(), now(), day, day, 'EUR', 500, '[]', 1, '{}',
                '{}', '[]', voided
            FROM (VALUES (1, date '2026-03-03', false), (2, date '2026-03-09', true)) AS p (n, day, voided)"""
        )
        await session.commit()
    sold: list[FactEvent] = [bought(1, 1, 3, 500), bought(1, 2, 9, 500)]
    assert await facts_after(database, sold) == {1: (2, 1000, date(2026, 3, 9))}
    assert await facts_after(database, [returned(1, 2, 500, is_void=True)]) == {1: (1, 500, date(2026, 3, 3))}


async def test_a_merged_member_counts_for_the_survivor_before_and_after_the_news(database: Database) -> None:
    await enrol(database, 1, 2)
    await facts_after(database, [bought(1, 1, 3, 500), bought(2, 1, 9, 700)])
    async with database.write() as session:
        await (await driver(session)).execute(
            "UPDATE member SET status = 'merged', merged_into = 1 WHERE member_id = 2"
        )
        await session.commit()
    late: list[FactEvent] = [bought(2, 2, 4, 50)]
    news: list[FactEvent] = [MembersMerged(member_id=1, source_member_id=2, merged_at=NOON)]
    assert await facts_after(database, late, news) == {1: (3, 1250, date(2026, 3, 9))}


async def test_nothing_is_kept_of_an_erased_member(database: Database) -> None:
    await enrol(database, 1, 2)
    erased: list[FactEvent] = [bought(1, 1, 3, 500), MemberErased(member_id=1, erased_at=NOON), bought(2, 1, 3, 100)]
    assert await facts_after(database, erased) == {2: (1, 100, date(2026, 3, 3))}
