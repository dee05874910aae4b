"""Sessions on PostgreSQL: one type that may read, one that may write, and the driver beneath for the hot path.

The edge opens a session and commits it; nothing below does. A session that is left without ``commit()`` rolls back.
READ COMMITTED, with explicit locks, is what the ledger is written for.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

DEFAULT_LOCK_TIMEOUT_MS = 5_000


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
            pool_timeout=5,
            pool_pre_ping=False,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            connect_args={"server_settings": {"timezone": "UTC", "application_name": "comeback"}, "timeout": 5},
        )
        self._reading = self._engine.execution_options(postgresql_readonly=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A read-only transaction, ended when the block ends."""
        async with ReadSession(self._reading, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self, *, lock_timeout_ms: int = DEFAULT_LOCK_TIMEOUT_MS) -> AsyncIterator[WriteSession]:
        """A transaction that waits at most ``lock_timeout_ms`` for any one lock.

        Setting the limit is its first statement, which also opens the transaction: from here on ``driver()`` may be
        used. Without ``commit()`` everything is rolled back.
        """
        async with WriteSession(self._engine, expire_on_commit=False) as session:
            await session.execute(_SET_LOCK_TIMEOUT, {"limit": str(lock_timeout_ms)})
            yield session

    async def ping(self) -> None:
        """Raises what the driver raises when PostgreSQL cannot be reached."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self._engine.dispose()


_SET_LOCK_TIMEOUT = text("SELECT set_config('lock_timeout', :limit, true)")


async def driver(session: ReadSession) -> "asyncpg.Connection[asyncpg.Record]":
    """The asyncpg connection of a session whose transaction is open.

    For set-based statements over arrays, where SQLAlchemy's compilation would cost more than PostgreSQL's work
    (measured at a third of the throughput). SQLAlchemy opens its transaction with the first statement it sends, so
    one must have gone through the session before: ``Database.write`` sees to that.
    """
    connection = await session.connection()
    raw: Any = await connection.get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)
