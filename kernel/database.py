"""Sessions on PostgreSQL: one type that may read, one that may write, and set-based statements for the hot path.

The edge opens a session and commits it; nothing below does. A session that is left without ``commit()`` rolls back.
READ COMMITTED, with explicit locks, is what the ledger is written for.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple, cast

import asyncpg
import msgspec
from sqlalchemy import Column, PoolProxiedConnection, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

DEFAULT_LOCK_TIMEOUT_MS = 5_000
_LONGEST_WAIT_S = 5


class ReadSession(AsyncSession):
    """May only read: PostgreSQL refuses everything else in its transaction."""


class WriteSession(ReadSession):
    """May write. Only the edge calls ``commit()``."""


class Database:
    """The application's connections to one PostgreSQL, under the application's role."""

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=_LONGEST_WAIT_S,
            pool_pre_ping=False,
            hide_parameters=True,  # An error's text reaches logs, and parameters may name a person.
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            connect_args={"server_settings": {"timezone": "UTC", "application_name": "comeback"}, "timeout": 5},
        )
        # The pool alone lets a newcomer overtake those who wait; under load some then waited ten times the median.
        self._places = asyncio.Semaphore(pool_size)
        self._reading = self._engine.execution_options(postgresql_readonly=True)

    @property
    def url(self) -> str:
        """Its address with the password, for a process that opens it for itself."""
        return self._engine.url.render_as_string(hide_password=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A read-only transaction, ended when the block ends."""
        async with self._place(), ReadSession(self._reading, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self, *, lock_timeout_ms: int = DEFAULT_LOCK_TIMEOUT_MS) -> AsyncIterator[WriteSession]:
        """A transaction that waits at most ``lock_timeout_ms`` for any one lock.

        Without ``commit()`` everything is rolled back.
        """
        async with self._place(), WriteSession(self._engine, expire_on_commit=False) as session:
            await (await session.connection()).execute(_SET_LOCK_TIMEOUT, {"limit": str(lock_timeout_ms)})
            session.info[_OPENED] = True
            yield session

    @asynccontextmanager
    async def transaction(self, *, lock_timeout_ms: int) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        """A transaction on the driver's own connection: committed where the block ends, rolled back where it raises.

        For the hot path, which needs no session: opening and committing one was measured at 0.8 ms of processor time,
        this at 0.2. JSONB is read as objects and written as text.
        """
        async with self._begun(f"BEGIN; SET LOCAL lock_timeout = {int(lock_timeout_ms)}") as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        """The same for reads: each statement sees its own moment."""
        async with self._begun("BEGIN READ ONLY") as connection:
            yield connection

    @asynccontextmanager
    async def _begun(self, begin: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        async with self._place(), self._pooled() as connection:
            await connection.execute(f"{begin}; {_PLANS_MADE_ONCE}")
            yield connection
            await connection.execute("COMMIT")

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """A turn at one of the connections, in the order of asking. Raises ``TimeoutError`` after five seconds."""
        async with asyncio.timeout(_LONGEST_WAIT_S):
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    @asynccontextmanager
    async def _pooled(self) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        pooled = await self._engine.raw_connection()
        while (connection := _driver_of(pooled)).is_closed():  # PostgreSQL went away while it lay in the pool
            await greenlet_spawn(pooled.invalidate)
            pooled = await self._engine.raw_connection()
        reusable = False
        try:
            yield connection
            reusable = True
        except Exception:
            reusable = await _ended(connection)
            raise
        finally:
            # A cancelled statement may still run, and what the driver knows of the transaction is from before it: such
            # a connection could go back with its transaction and its locks.
            await greenlet_spawn(pooled.close if reusable else pooled.invalidate)

    async def ping(self) -> None:
        """Raises what the driver raises when PostgreSQL cannot be reached."""
        async with self.read() as session:
            await (await session.connection()).execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._engine.dispose()


_PLANS_MADE_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"
"""What the hot path asks for goes by keys alone, and any plan for it is the same. Left alone, PostgreSQL plans some of
it anew at each call, which took half of its processor time for a quote and a quarter for a sale."""
_OPENED = "opened"
_OPEN = text("SELECT 1")
_SET_LOCK_TIMEOUT = text("SELECT set_config('lock_timeout', :limit, true)")


async def driver(session: ReadSession) -> "asyncpg.Connection[asyncpg.Record]":
    """The asyncpg connection of a session, inside the session's transaction. JSONB is read as objects and written as
    text.

    For set-based statements over arrays, where SQLAlchemy's compilation would cost more than PostgreSQL's work
    (measured at a third of the throughput). SQLAlchemy opens its transaction with the first statement that it sends
    itself, so one is sent when there was none.
    """
    connection = await session.connection()
    if not session.info.get(_OPENED):
        await connection.execute(_OPEN)
        session.info[_OPENED] = True
    return _driver_of(await connection.get_raw_connection())


def _driver_of(pooled: PoolProxiedConnection) -> "asyncpg.Connection[asyncpg.Record]":
    return cast("asyncpg.Connection[asyncpg.Record]", pooled.driver_connection)


async def _ended(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    """Roll back what a broken-off block left open. False when the connection is of no use any more."""
    try:
        if connection.is_in_transaction():
            await connection.execute("ROLLBACK")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return not connection.is_closed()


async def try_exclusive(session: ReadSession, name: str) -> bool:
    """Become the only transaction that works under ``name`` until this one ends. False when another is.

    An advisory lock: PostgreSQL frees it when the transaction ends, or when the connection of a killed process does.
    What the holder before wrote is visible from the *next* statement on.
    """
    connection = await driver(session)
    return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", name))


class Query(NamedTuple):
    """A SELECT with the values of its parameters, ``$1`` onwards."""

    sql: str
    arguments: tuple[object, ...]


Row = tuple[Any, ...]


async def fetch_together(connection: "asyncpg.Connection[asyncpg.Record]", *queries: Query) -> list[list[Row]]:
    """The rows of several queries, tuples in the order of their columns, in one round trip and of one moment.

    What a sale has to know comes from eight tables; asking for each was measured at five times the processor time.
    """
    arguments = [argument for query in queries for argument in query.arguments]
    answer = await connection.fetchrow(_together(tuple(query.sql for query in queries)), *arguments)
    assert answer is not None, "a SELECT without FROM has one row"
    return list(answer)


@lru_cache(maxsize=128)
def _together(queries: tuple[str, ...]) -> str:
    arrays, used = [], 0
    for query in queries:
        shifted = _PARAMETER.sub(lambda found, used=used: f"${int(found[1]) + used}", query)  # type: ignore[misc]
        used += max((int(found[1]) for found in _PARAMETER.finditer(query)), default=0)
        arrays.append(f"ARRAY(SELECT ROW(q.*) FROM ({shifted}) q)")  # noqa: S608
    return f"SELECT {', '.join(arrays)}"


_PARAMETER = re.compile(r"\$(\d+)")

_ROWS_WORTH_A_COPY = 4


class RowWriter:
    """Inserts any number of rows of a table at once. JSONB values are passed as JSON text.

    A few rows go as one INSERT with an array for each column, many by COPY: the driver looks at every element of an
    array, which was measured at a sixth of the time of a whole sale. Columns are named either way, so that one that a
    later migration adds does not break a process that still runs the older code. ``on_conflict`` is appended to the
    INSERT as it is written, and rules COPY out.
    """

    def __init__(self, model: type[SQLModel], *columns: str, on_conflict: str = "") -> None:
        table: Table = model.__table__  # type: ignore[attr-defined]
        arrays = ", ".join(
            f"${position}::{_sql_type(table.columns[name])}[]" for position, name in enumerate(columns, start=1)
        )
        names = ", ".join(columns)
        self._table, self._columns = table.name, columns
        self._may_copy = not on_conflict
        self.sql = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) {on_conflict}"  # noqa: S608

    async def write(self, connection: "asyncpg.Connection[asyncpg.Record]", rows: Sequence[tuple[object, ...]]) -> None:
        """Insert ``rows``, each a tuple in the order of the columns. Nothing is sent when there are none."""
        if self._may_copy and len(rows) > _ROWS_WORTH_A_COPY:
            await connection.copy_records_to_table(self._table, records=rows, columns=self._columns)
        elif rows:
            await connection.execute(self.sql, *zip(*rows, strict=True))


def _sql_type(column: "Column[Any]") -> str:
    return column.type.compile(dialect=_DIALECT)


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
