"""An event that only tests know, and handlers that note what they were given."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import text

from kernel.database import Database, WriteSession, driver
from kernel.events import Event, Handler, publish

EFFECT_TABLE = """
CREATE TABLE effect (effect_no bigint GENERATED ALWAYS AS IDENTITY, handler text, member_id bigint, number bigint);
GRANT SELECT, INSERT ON effect TO comeback_app;
"""


class Pinged(Event, frozen=True, kw_only=True):
    """Something happened to a member for the ``number``-th time."""

    type: ClassVar[str] = "test_pinged"
    number: int


class Ignored(Event, frozen=True, kw_only=True):
    """An event that nobody handles."""

    type: ClassVar[str] = "test_ignored"


class BrokenEventError(Exception):
    """What a handler of these tests raises for an event that it cannot digest."""


def noting(name: str, *, refuse: Callable[[Pinged], bool] = lambda _: False, batch_size: int = 100) -> Handler:
    """A handler that writes a row per event, and fails after that for the events that ``refuse`` picks."""

    async def react(session: WriteSession, events: Sequence[Pinged], *, now: datetime) -> None:
        rows = [(name, event.member_id, event.number) for event in events]
        await (await driver(session)).executemany(
            "INSERT INTO effect (handler, member_id, number) VALUES ($1, $2, $3)", rows
        )
        if any(refuse(event) for event in events):
            raise BrokenEventError

    return Handler(name=name, react=react, batch_size=batch_size)


async def publish_committed(database: Database, events: Sequence[Event]) -> None:
    async with database.write() as session:
        await publish(await driver(session), events, now=datetime(2026, 3, 1, 12, tzinfo=UTC))
        await session.commit()


async def effects(database: Database) -> dict[tuple[str, int], list[int]]:
    """The numbers that each (handler, member) lane has noted, in the order of noting."""
    async with database.read() as session:
        connection = await session.connection()
        rows = await connection.execute(text("SELECT handler, member_id, number FROM effect ORDER BY effect_no"))
        noted: dict[tuple[str, int], list[int]] = {}
        for handler, member_id, number in rows:
            noted.setdefault((handler, member_id), []).append(number)
        return noted
