"""The same posting as one PL/pgSQL call: what PostgreSQL could do if nothing stood before it.

The statements are not written here. One sale is recorded by the service's own code on a copy of the database, every
statement that it sends is noted with its arguments, and a function is made that runs them all in their order, for
another member and another receipt each time. Numbers that depend on the member (its next entry, its balance) are told
apart from constants by marks: the recorded member starts from numbers that occur nowhere else.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import asyncpg
from pydantic import SecretStr

from api.pos.posting import post_together
from bench.sales import submission
from bench.stand import DATABASE, PGBENCH_DATABASE, Stand, opened
from kernel.database import driver

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

FUNCTION: Final = "bench_post"
_MEMBER: Final = 987_654_321
_RECEIPT: Final = "zqreceiptzq"
_HEAD: Final = {
    "last_entry_no": 1_100_000_000,
    "last_lot_no": 1_200_000_000,
    "last_movement_no": 1_300_000_000,
    "last_hold_no": 1_400_000_000,
    "last_purchase_no": 1_500_000_000,
    "last_refund_no": 1_600_000_000,
    "last_action_no": 1_700_000_000,
}
_REMAINING: Final = 2_000_000_000
_TOGETHER: Final = re.compile(r"ARRAY\(SELECT ROW\(q\.\*\) FROM \((.*?)\) q\)", re.DOTALL)
_WITHIN: Final = 10_000_000
"""How far above a mark a number may lie and still be that mark plus something."""


class Statement(NamedTuple):
    """What the service sent, and the types that PostgreSQL gives its parameters."""

    sql: str
    arguments: tuple[Any, ...]
    types: tuple[str, ...]


async def make_posting_function(stand: Stand) -> int:
    """Copy the database, record a sale there and make the function from it; answers how many statements it runs."""
    await _copy_database(stand)
    statements = await _recorded(stand)
    connection = await asyncpg.connect(stand.owner_dsn, database=PGBENCH_DATABASE)
    try:
        await connection.execute("CREATE SEQUENCE bench_receipt CACHE 1000")
        await connection.execute("GRANT USAGE ON SEQUENCE bench_receipt TO PUBLIC")
        await connection.execute(_function(statements))
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return len(statements)


async def _copy_database(stand: Stand) -> None:
    connection = await asyncpg.connect(stand.owner_dsn)
    try:
        await connection.execute(f"CREATE DATABASE {PGBENCH_DATABASE} TEMPLATE {DATABASE}")
    finally:
        await connection.close()


async def _recorded(stand: Stand) -> list[Statement]:
    """Record one sale of a marked member, listening on the only connection of the pool."""
    await _add_marked_member(stand)
    said: list[LoggedQuery] = []
    settings = stand.settings.model_copy(
        update={"app_database_url": SecretStr(stand.pgbench_url), "database_pool_size": 1}
    )
    async with opened(settings) as services:
        # The driver asks for types that it meets for the first time; that belongs to no sale. And with the member's
        # second sale of the day its counters are written whether they are there or not, as the function must.
        await post_together(services, [submission(_MEMBER, number="first", now=services.clock())])
        async with services.database.read() as session:
            connection = await driver(session)
            connection.add_query_logger(said.append)
        sale = submission(_MEMBER, number=_RECEIPT, now=services.clock())
        (answer,) = await post_together(services, [sale])
        assert answer is not None, "nobody else has locked the member"
        assert answer.status == 201, f"the recorded sale was refused: {answer}"
        sent = [one for one in said if one.args]
        async with services.database.read() as session:
            connection = await driver(session)
            return [Statement(one.query, tuple(one.args), await _types(connection, one.query)) for one in sent]


async def _types(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> tuple[str, ...]:
    prepared = await connection.prepare(sql)
    return tuple(one.name for one in prepared.get_parameters())


async def _add_marked_member(stand: Stand) -> None:
    connection = await asyncpg.connect(stand.owner_dsn, database=PGBENCH_DATABASE)
    try:
        heads = ", ".join(_HEAD)
        await connection.execute(
            f"""INSERT INTO member (member_id, zone, language, tier, enrolled_at, recorded_at, {heads})
            SELECT $1, zone, language, tier, enrolled_at, recorded_at, {", ".join(map(str, _HEAD.values()))}
            FROM member LIMIT 1""",  # noqa: S608 - names and numbers of this file
            _MEMBER,
        )
        await connection.execute(
            "INSERT INTO member_fact (member_id, purchases_count, last_purchase_on, spend_minor, updated_at) "
            "SELECT $1::bigint, purchases_count, last_purchase_on, spend_minor, updated_at FROM member_fact LIMIT 1",
            _MEMBER,
        )
        await connection.execute(
            "INSERT INTO balance (member_id, wallet, remaining) VALUES ($1, 'points', $2)", _MEMBER, _REMAINING
        )
    finally:
        await connection.close()


def _function(statements: Sequence[Statement]) -> str:
    declared, steps = [], []
    for place, statement in enumerate(statements):
        sql = statement.sql
        for number in range(len(statement.arguments), 0, -1):
            name = f"zq_{place}_{number}"
            declared.append(f"{name} {_variable_type(statement.types[number - 1])};")
            steps.append(f"{name} := {_expression(statement.arguments[number - 1])};")
            sql = re.sub(rf"\${number}\b", name, sql)
        steps.append(_run(sql))
    return f"""
CREATE FUNCTION {FUNCTION}(zq_member bigint) RETURNS void LANGUAGE plpgsql AS $zq$
#variable_conflict use_column
DECLARE
zq_row record; zq_head record; zq_remaining bigint := 0; zq_number text := nextval('bench_receipt')::text;
{chr(10).join(declared)}
BEGIN
{chr(10).join(steps)}
END $zq$
"""


def _run(sql: str) -> str:
    """Every row that the service would read is read here too. A member that is locked is waited for."""
    sql = sql.replace("SKIP LOCKED", "")
    if together := _TOGETHER.findall(sql):
        # PL/pgSQL has no variable for an array of rows: what was fetched together is read one after another.
        return "\n".join(map(_run, together))
    if not re.match(r"\s*(SELECT|WITH)\b", sql, re.IGNORECASE):
        return f"{sql};"
    keep = ""
    if "FOR NO KEY UPDATE" in sql and "FROM member " in sql:
        keep = "zq_head := zq_row;"
    elif "FROM balance " in sql:
        keep = "zq_remaining := zq_row.remaining;"
    return f"FOR zq_row IN {sql} LOOP {keep or 'NULL;'} END LOOP;"


def _variable_type(name: str) -> str:
    """JSONB stays text until the statement casts it, or PostgreSQL would parse it once instead of each time."""
    array = name.endswith("[]")
    bare = name.removesuffix("[]")
    return f"{'text' if bare == 'jsonb' else bare}{'[]' if array else ''}"


def _expression(value: object) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return f"ARRAY[{', '.join(map(_expression, value))}]" if value else "'{}'"
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, str):
        quoted = _quoted(value)
        return f"replace({quoted}, '{_RECEIPT}', zq_number)" if _RECEIPT in value and len(value) < 256 else quoted
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea"
    if isinstance(value, datetime | date | timedelta | Decimal):
        kind = {datetime: "timestamptz", date: "date", timedelta: "interval", Decimal: "numeric"}[type(value)]
        return f"'{value}'::{kind}"
    raise TypeError(f"no way to write {type(value)} in SQL yet")


def _number(value: int) -> str:
    if value == _MEMBER:
        return "zq_member"
    if _REMAINING <= value < _REMAINING + _WITHIN:
        return f"zq_remaining + {value - _REMAINING}"
    for name, mark in _HEAD.items():
        if mark <= value < mark + _WITHIN:
            return f"zq_head.{name} + {value - mark}"
    return str(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
