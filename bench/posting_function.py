"""A copy of the database on which pgbench posts the same sale, one PL/pgSQL call at a time."""

from typing import Final

import asyncpg

from api.pos.posting import post_together
from api.services import Services
from bench.plpgsql import HEAD, MARK, MEMBER, REMAINING, function
from bench.sales import submission
from bench.stand import DATABASE, PGBENCH_DATABASE, Stand
from bench.statements import Statement, statements_of

FUNCTION: Final = "bench_post"


async def make_posting_function(stand: Stand) -> int:
    """Copy the database, record a sale there and make the function from it; answers how many statements it runs."""
    await copy_database(stand)
    await add_marked_member(stand)
    statements = await statements_of(stand, _first_sale, _sale)
    await create_function(stand, FUNCTION, statements)
    return len(statements)


async def copy_database(stand: Stand) -> None:
    """pgbench's own, as the stand's is now."""
    connection = await asyncpg.connect(stand.owner_dsn)
    try:
        await connection.execute(f"CREATE DATABASE {PGBENCH_DATABASE} TEMPLATE {DATABASE}")
    finally:
        await connection.close()


async def create_function(stand: Stand, name: str, statements: list[Statement]) -> None:
    """Make it in pgbench's database, and gather what the planner has to know."""
    connection = await asyncpg.connect(stand.owner_dsn, database=PGBENCH_DATABASE)
    try:
        await connection.execute(function(name, statements))
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def add_marked_member(stand: Stand) -> None:
    """The member of the record, whose numbers occur nowhere else."""
    connection = await asyncpg.connect(stand.owner_dsn, database=PGBENCH_DATABASE)
    try:
        heads = ", ".join(HEAD)
        await connection.execute(
            f"""INSERT INTO member (member_id, zone, language, tier, enrolled_at, recorded_at, {heads})
            SELECT $1, zone, language, tier, enrolled_at, recorded_at, {", ".join(map(str, HEAD.values()))}
            FROM member LIMIT 1""",  # noqa: S608 - names and numbers of this file
            MEMBER,
        )
        await connection.execute(
            "INSERT INTO member_fact (member_id, purchases_count, last_purchase_on, spend_minor, updated_at) "
            "SELECT $1::bigint, purchases_count, last_purchase_on, spend_minor, updated_at FROM member_fact LIMIT 1",
            MEMBER,
        )
        await connection.execute(
            "INSERT INTO balance (member_id, wallet, remaining) VALUES ($1, 'points', $2)", MEMBER, REMAINING
        )
    finally:
        await connection.close()


async def _first_sale(services: Services) -> None:
    await _post(services, "first")


async def _sale(services: Services) -> None:
    await _post(services, MARK)


async def _post(services: Services, number: str) -> None:
    (answer,) = await post_together(services, [submission(MEMBER, number=number, now=services.clock())])
    assert answer is not None, "nobody else has locked the member"
    assert answer.status == 201, f"the recorded sale was refused: {answer}"
