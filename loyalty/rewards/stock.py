"""How many pieces of a reward are left, exactly: counted in one row, which is locked after the members.

Only what has a stock is counted, so that nobody waits for anybody where there is no limit. Whoever takes or returns a
piece holds off publishing until the end of their transaction, and it holds them off: whether there is a stock does not
change in between, and a reward that gets one finds every piece that is out. A piece that expired is there again at that
instant, whether or not somebody has noted it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.database import WriteSession, driver
from kernel.errors import ConflictError
from loyalty.rewards.states import OVERDUE, TAKEN

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_READ = f"""
SELECT s.reward, s.given, s.given - s.taken + coalesce(o.pieces, 0) AS left_pieces
FROM reward_stock AS s LEFT JOIN (
    SELECT reward, count(*) AS pieces FROM redemption WHERE expires_at IS NOT NULL AND {OVERDUE} GROUP BY 1
) AS o USING (reward)
"""  # noqa: S608 - put together from a constant
_STOCK_STAYS = "SELECT pg_advisory_xact_lock_shared(hashtextextended('comeback.reward_stock', 0))"
_STOCK_CHANGES = "SELECT pg_advisory_xact_lock(hashtextextended('comeback.reward_stock', 0))"
_GIVEN = "SELECT given FROM reward_stock WHERE reward = $1"
_LOCK = "SELECT given - taken FROM reward_stock WHERE reward = $1 FOR NO KEY UPDATE"
_OVERDUE = f"SELECT count(*) FROM redemption WHERE reward = $2 AND expires_at IS NOT NULL AND {OVERDUE}"  # noqa: S608
_TAKE = "UPDATE reward_stock SET taken = taken + 1 WHERE reward = $1"
_RETURN = """
UPDATE reward_stock AS s SET taken = s.taken - v.pieces FROM unnest($1::text[], $2::bigint[]) AS v (reward, pieces)
WHERE s.reward = v.reward
"""
_LOCK_SEVERAL = """
SELECT reward FROM reward_stock WHERE reward = ANY($1::text[]) AND given IS NOT NULL
ORDER BY reward FOR NO KEY UPDATE
"""
_OPEN = "INSERT INTO reward_stock (reward) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"
_ALL = "SELECT reward, given, taken FROM reward_stock WHERE reward = ANY($1::text[]) ORDER BY reward FOR NO KEY UPDATE"
_OUT = f"SELECT reward, count(*) AS pieces FROM redemption WHERE reward = ANY($1::text[]) AND {TAKEN} GROUP BY 1"  # noqa: S608
_OVERDUE_OF_ALL = f"""
SELECT reward, count(*) AS pieces FROM redemption
WHERE reward = ANY($2::text[]) AND expires_at IS NOT NULL AND {OVERDUE} GROUP BY 1
"""  # noqa: S608 - put together from a constant
_GIVE = """
UPDATE reward_stock AS s SET given = v.given, taken = v.taken
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS v (reward, given, taken)
WHERE s.reward = v.reward AND (s.given, s.taken) IS DISTINCT FROM (v.given, v.taken)
"""


class StockBelowTakenError(ConflictError):
    """``rewards`` have fewer pieces than are out already, each with its ``path`` in the document, its ``stock`` and
    what is ``taken``.
    """

    code = "stock_below_taken"
    title = "A reward cannot have fewer pieces than have been issued."


async def give_stock(session: WriteSession, stock: Mapping[str, int | None], *, now: datetime) -> None:
    """Every reward of a version, in its order, gets its pieces in all; None: no limit. What is out stays counted.

    Raises ``StockBelowTakenError``.
    """
    connection = await driver(session)
    rewards = sorted(stock)
    await connection.execute(_STOCK_CHANGES)
    await connection.execute(_OPEN, rewards)
    rows = await connection.fetch(_ALL, rewards)
    taken = {row["reward"]: row["taken"] for row in rows}
    uncounted = [row["reward"] for row in rows if row["given"] is None and stock[row["reward"]] is not None]
    taken |= dict.fromkeys(uncounted, 0)
    taken |= {row["reward"]: row["pieces"] for row in await connection.fetch(_OUT, uncounted)}
    overdue = {row["reward"]: row["pieces"] for row in await connection.fetch(_OVERDUE_OF_ALL, now, rewards)}
    short = [
        {"reward": reward, "path": f"$.rewards[{place}].stock", "stock": pieces, "taken": out}
        for place, (reward, pieces) in enumerate(stock.items())
        if pieces is not None and pieces < (out := taken[reward] - overdue.get(reward, 0))
    ]
    if short:
        raise StockBelowTakenError(None, rewards=short)
    await connection.execute(_GIVE, rewards, [stock[reward] for reward in rewards], [taken[r] for r in rewards])


async def read_left(connection: "Connection[Record]", *, now: datetime) -> dict[str, int | None]:
    """Reward -> pieces that are left; None: no limit."""
    return {row["reward"]: row["left_pieces"] for row in await connection.fetch(_READ, now)}


async def lock_left(connection: "Connection[Record]", reward: str, *, now: datetime) -> int | None:
    """The same of one reward, which nobody else takes from until the transaction ends where it has a stock."""
    await connection.execute(_STOCK_STAYS)
    if await connection.fetchval(_GIVEN, reward) is None:
        return None
    left: int = await connection.fetchval(_LOCK, reward)
    if left < 1:
        left += await connection.fetchval(_OVERDUE, now, reward)
    return left


async def take_piece(connection: "Connection[Record]", reward: str) -> None:
    """One piece less of a reward that has a stock. The row is locked and has one."""
    await connection.execute(_TAKE, reward)


async def return_pieces(connection: "Connection[Record]", rewards: Iterable[str]) -> None:
    """The pieces are there again, one for each time that a reward is named. Members are locked before."""
    if not (pieces := Counter(rewards)):
        return
    await connection.execute(_STOCK_STAYS)
    limited = [row["reward"] for row in await connection.fetch(_LOCK_SEVERAL, sorted(pieces))]
    await connection.execute(_RETURN, limited, [pieces[reward] for reward in limited])
