"""How many pieces of a reward are left, exactly: counted in one row, which is locked after the members."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_READ = "SELECT reward, given - taken AS left_pieces, given IS NULL AS unlimited FROM reward_stock"
_LOCK = "SELECT given, taken FROM reward_stock WHERE reward = $1 FOR NO KEY UPDATE"
_TAKE = "UPDATE reward_stock SET taken = taken + 1 WHERE reward = $1"
_RETURN = """
UPDATE reward_stock AS s SET taken = s.taken - v.pieces FROM unnest($1::text[], $2::bigint[]) AS v (reward, pieces)
WHERE s.reward = v.reward
"""
_LOCK_SEVERAL = "SELECT reward FROM reward_stock WHERE reward = ANY($1::text[]) ORDER BY reward FOR NO KEY UPDATE"
_OPEN = "INSERT INTO reward_stock (reward) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"
_ALL = "SELECT reward, taken FROM reward_stock WHERE reward = ANY($1::text[]) ORDER BY reward FOR NO KEY UPDATE"
_GIVE = """
UPDATE reward_stock AS s SET given = v.given FROM unnest($1::text[], $2::bigint[]) AS v (reward, given)
WHERE s.reward = v.reward AND s.given IS DISTINCT FROM v.given
"""


class StockBelowTakenError(ConflictError):
    """``rewards`` have fewer pieces than are out already, each with its ``stock`` and what is ``taken``."""

    code = "stock_below_taken"
    title = "A reward cannot have fewer pieces than have been issued."


async def give_stock(session: WriteSession, stock: Mapping[str, int | None]) -> None:
    """Every reward of a version gets its pieces in all; None: no limit. What is out stays counted.

    Raises ``StockBelowTakenError``.
    """
    connection = await driver(session)
    rewards = sorted(stock)
    await connection.execute(_OPEN, rewards)
    taken = {row["reward"]: row["taken"] for row in await connection.fetch(_ALL, rewards)}
    short = [
        {"reward": reward, "stock": pieces, "taken": taken[reward]}
        for reward in rewards
        if (pieces := stock[reward]) is not None and pieces < taken[reward]
    ]
    if short:
        raise StockBelowTakenError(None, rewards=short)
    await connection.execute(_GIVE, rewards, [stock[reward] for reward in rewards])


async def read_left(connection: "Connection[Record]") -> dict[str, int | None]:
    """Reward -> pieces that are left; None: no limit."""
    rows = await connection.fetch(_READ)
    return {row["reward"]: None if row["unlimited"] else row["left_pieces"] for row in rows}


async def lock_left(connection: "Connection[Record]", reward: str) -> int | None:
    """The same of one reward, which nobody else takes from until the transaction ends."""
    row = await connection.fetchrow(_LOCK, reward)
    assert row is not None, "a published reward has its row"
    return None if row["given"] is None else row["given"] - row["taken"]


async def take_piece(connection: "Connection[Record]", reward: str) -> None:
    """One piece less. The row is locked and has one."""
    await connection.execute(_TAKE, reward)


async def return_pieces(connection: "Connection[Record]", rewards: Iterable[str]) -> None:
    """The pieces are there again, one for each time that a reward is named. Members are locked before."""
    pieces = Counter(rewards)
    if pieces:
        await connection.execute(_LOCK_SEVERAL, sorted(pieces))
        await connection.execute(_RETURN, list(pieces), list(pieces.values()))
