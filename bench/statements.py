"""What the service sends to PostgreSQL while it does something once, with the arguments and their types."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncpg.connection import LoggedQuery
from pydantic import SecretStr
from sqlalchemy import Engine, event

from api.services import Services
from bench.stand import Stand, opened
from kernel.database import driver

if TYPE_CHECKING:
    import asyncpg

_OF_NO_ACT = "SELECT set_config"
"""A limit of the transaction; pgbench's client sets its own."""

Act = Callable[[Services], Awaitable[object]]


class Statement(NamedTuple):
    """What the service sent, and the types that PostgreSQL gives its parameters."""

    sql: str
    arguments: tuple[Any, ...]
    types: tuple[str, ...]


async def statements_of(stand: Stand, warm_up: Act, act: Act) -> list[Statement]:
    """Every statement of ``act`` on pgbench's database that has arguments, in their order.

    The only connection of a pool is listened to. The driver asks for types that it meets for the first time, which
    belongs to no act, and what is written at the first act of a day differs from the next: hence the ``warm_up``.
    """
    settings = stand.settings.model_copy(
        update={"app_database_url": SecretStr(stand.pgbench_url), "database_pool_size": 1}
    )
    async with opened(settings) as services:
        await warm_up(services)
        async with services.database.read() as session:
            connection = await driver(session)
        said: list[tuple[str, tuple[Any, ...]]] = []

        def through_driver(query: LoggedQuery) -> None:
            said.append((query.query, tuple(query.args)))

        def through_session(*call: Any) -> None:
            _, _, sql, arguments, _, many = call
            said.extend((sql, tuple(each)) for each in (arguments if many else [arguments]))

        connection.add_query_logger(through_driver)
        event.listen(Engine, "before_cursor_execute", through_session)
        try:
            await act(services)
        finally:
            event.remove(Engine, "before_cursor_execute", through_session)
            connection.remove_query_logger(through_driver)
        sent = [(sql, arguments) for sql, arguments in said if arguments and not sql.startswith(_OF_NO_ACT)]
        async with services.database.read() as session:
            connection = await driver(session)
            return [Statement(sql, arguments, await _types(connection, sql)) for sql, arguments in sent]


async def _types(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> tuple[str, ...]:
    prepared = await connection.prepare(sql)
    return tuple(one.name for one in prepared.get_parameters())
