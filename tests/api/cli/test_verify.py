"""`comeback verify`: a table for people, JSON for programs, and an exit code for both."""

import asyncio
import json
import os
import sys

import asyncpg

from api.services import Services
from tests.conftest import DatabaseUrls
from tests.shop import Shop

LOSE_A_LOT = "UPDATE member SET last_lot_no = last_lot_no + 1"


async def comeback_verify(urls: DatabaseUrls, *options: str) -> tuple[int, str]:
    """Exit code and standard output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", "verify", *options),
        env=os.environ | {"APP_DATABASE_URL": urls.app, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def as_owner(urls: DatabaseUrls, sql: str) -> None:
    connection = await asyncpg.connect(urls.owner_dsn)
    await connection.execute(sql)
    await connection.close()


async def test_sound_books_are_said_to_be_sound(services: Services, shop: Shop, database_urls: DatabaseUrls) -> None:
    await shop.member()
    status, output = await comeback_verify(database_urls)
    assert status == 0, output
    assert "all hold" in output
    assert "Every balance is the fold of its journal entries." in output
    assert "I10" in output, "what is not checked is said too"


async def test_a_violation_is_shown_and_ends_with_one(
    services: Services, shop: Shop, database_urls: DatabaseUrls
) -> None:
    await shop.member()
    await as_owner(database_urls, LOSE_A_LOT)
    status, output = await comeback_verify(database_urls)
    assert status == 1
    assert "1 broken" in output
    assert "1 to 1" in output, "what was expected"


async def test_programs_read_the_same_as_json(services: Services, shop: Shop, database_urls: DatabaseUrls) -> None:
    first, second = await shop.member(), await shop.member()
    await as_owner(database_urls, LOSE_A_LOT)
    status, output = await comeback_verify(
        database_urls, "--json", "--members", f"{second}:{second}", "--examples", "1"
    )
    report = json.loads(output)
    assert (status, report["ok"], report["members"]) == (1, False, [second, second])
    broken = [invariant for invariant in report["invariants"] if invariant["violations"]]
    assert [(invariant["code"], invariant["violations"]) for invariant in broken] == [("I1", 1)]
    assert broken[0]["examples"][0]["member_id"] == second != first
    assert None in {invariant["violations"] for invariant in report["invariants"]}, "skipped for a part of the members"


async def test_what_is_no_range_of_members_is_refused(database_urls: DatabaseUrls) -> None:
    for nonsense in ("5", "9:3", "a:b", "0:4"):
        status, _ = await comeback_verify(database_urls, "--members", nonsense)
        assert status == 2
