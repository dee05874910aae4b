"""Seals find what was changed by hand, and only that."""

import hashlib
import json
from datetime import UTC, datetime

import asyncpg
import pytest

from api.jobs import walk
from kernel.database import Database, driver
from loyalty.ledger.seals import BrokenSeal, broken_seals, seal_members
from tests.clocks import MovableClock
from tests.conftest import DatabaseUrls

pytestmark = pytest.mark.anyio

ENROL = """
INSERT INTO member (member_id, zone, language, enrolled_at, recorded_at)
SELECT m, 'UTC', 'en', $2, $2 FROM unnest($1::bigint[]) AS m
"""
ENTER = """
INSERT INTO journal (member_id, entry_no, wallet, debit, credit, amount, kind, cause_kind, cause_no, actor, occurred_at,
    recorded_at, balance_after)
SELECT $1, n, 'points', 'issued', 'member', 10 * n, 'earned', 'purchase', n, 'terminal:t1', $4, $4, 100
FROM generate_series($2::bigint, $3::bigint) AS n
"""
AT = datetime(2026, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)
MEMBERS = (1, 2, 3, 4, 5)


async def enter(database: Database, first: int, last: int) -> None:
    """Entries ``first`` to ``last`` for each member."""
    async with database.write() as session:
        connection = await driver(session)
        if first == 1:
            await connection.execute(ENROL, MEMBERS, AT)
        for member_id in MEMBERS:
            await connection.execute(ENTER, member_id, first, last, AT)
            await connection.execute("UPDATE member SET last_entry_no = $2 WHERE member_id = $1", member_id, last)
        await session.commit()


async def seal_all(database: Database, *, limit: int = 2) -> int:
    return await walk(seal_members, limit=limit)(database, MovableClock())


async def broken(database: Database) -> list[BrokenSeal]:
    async with database.read() as session:
        return [seal async for seal in broken_seals(session)]


async def test_what_nobody_touched_verifies_seal_after_seal(database: Database) -> None:
    await enter(database, 1, 3)
    assert await seal_all(database) == len(MEMBERS)
    assert await seal_all(database) == 0
    await enter(database, 4, 7)
    assert await seal_all(database) == len(MEMBERS)
    assert await broken(database) == []


async def test_the_form_is_what_the_module_says(database: Database) -> None:
    await enter(database, 1, 2)
    await seal_all(database)
    instant = 1_772_368_200_250_000
    lines = [
        [
            3,
            n,
            "points",
            "issued",
            "member",
            10 * n,
            "earned",
            "purchase",
            n,
            "terminal:t1",
            instant,
            instant,
            100,
            None,
        ]
        for n in (1, 2)
    ]
    form = bytes(32) + b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)
    async with database.read() as session:
        digest = await (await driver(session)).fetchval("SELECT digest FROM ledger_seal WHERE member_id = 3")
    assert digest == hashlib.sha256(form).digest()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE journal SET amount = amount + 1 WHERE member_id = 4 AND entry_no = 5",
        "UPDATE journal SET recorded_at = recorded_at + interval '1 microsecond' WHERE member_id = 4 AND entry_no = 4",
        "DELETE FROM journal WHERE member_id = 4 AND entry_no = 7",
        "UPDATE ledger_seal SET digest = digest || '\\x00' WHERE member_id = 4 AND entry_no = 7",
        "DELETE FROM ledger_seal WHERE member_id = 4 AND entry_no = 3",
    ],
)
async def test_a_change_by_hand_breaks_the_seal_over_it(
    worker_urls: DatabaseUrls, database: Database, tampering: str
) -> None:
    await enter(database, 1, 3)
    await seal_all(database)
    await enter(database, 4, 7)
    await seal_all(database)
    owner = await asyncpg.connect(worker_urls.owner_dsn)
    await owner.execute(tampering)
    await owner.close()
    assert await broken(database) == [BrokenSeal(member_id=4, entry_no=7)]


async def test_the_application_cannot_change_what_it_sealed(worker_urls: DatabaseUrls) -> None:
    application = await asyncpg.connect(worker_urls.app.replace("+asyncpg", ""))
    for table in ("journal", "ledger_seal", "lot_movement", "audit_entry", "programme_version"):
        for attempt in (f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608 - our tables
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await application.execute(attempt)
    await application.close()
