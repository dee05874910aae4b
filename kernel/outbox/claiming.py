"""Steps 2 and 3: take deliveries that no other worker can take, and note that they have had their effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from kernel.database import ReadSession, WriteSession, driver, try_exclusive
from kernel.outbox.tables import PARTITIONS


@dataclass(frozen=True)
class Partition:
    """A part of a handler's lanes that one worker at a time works on."""

    handler: str
    number: int

    @property
    def lock_name(self) -> str:
        return f"outbox/{self.handler}/{self.number}"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One (event, handler) pair. ``payload`` is the event as JSON."""

    partition: Partition
    event_id: int
    member_id: int
    type: str
    payload: str
    attempts: int


async def waiting_partitions(session: ReadSession, handlers: Sequence[str], *, now: datetime) -> list[Partition]:
    """Partitions of ``handlers`` in which something may be delivered now."""
    connection = await session.connection()
    rows = await connection.execute(_WAITING, {"handlers": list(handlers), "now": now})
    return [Partition(handler, number) for handler, number in rows]


_WAITING = text(
    f"""
SELECT h.handler, p.number
FROM unnest(CAST(:handlers AS text[])) AS h (handler) CROSS JOIN generate_series(0, {PARTITIONS - 1}) AS p (number)
WHERE EXISTS (
    SELECT FROM outbox_delivery AS d
    WHERE d.handler = h.handler AND d.partition_no = p.number AND (d.retry_at IS NULL OR d.retry_at <= :now)
)
"""  # noqa: S608 - the only value put in is a number of ours
)


async def claim(session: WriteSession, partition: Partition, *, limit: int, now: datetime) -> list[Delivery]:
    """The oldest deliveries of ``partition`` that may run together, in order; its lock lasts to the transaction's end.

    Empty when another worker has the partition or nothing in it is due. A delivery that failed before comes alone.
    """
    if not await try_exclusive(session, partition.lock_name):
        return []
    rows = await (await driver(session)).fetch(_CLAIM, partition.handler, partition.number, now, limit)
    before_a_failed_one = next((position for position, row in enumerate(rows) if row["attempts"]), len(rows))
    return [
        Delivery(
            partition=partition,
            event_id=row["event_id"],
            member_id=row["member_id"],
            type=row["type"],
            payload=row["payload"],
            attempts=row["attempts"],
        )
        for row in rows[: max(1, before_a_failed_one)]
    ]


_CLAIM = """
SELECT d.event_id, d.member_id, d.type, d.payload::text AS payload, d.attempts
FROM outbox_delivery AS d
WHERE d.handler = $1 AND d.partition_no = $2
  AND NOT EXISTS (
    SELECT FROM outbox_delivery AS w
    WHERE w.handler = $1 AND w.partition_no = $2 AND w.member_id = d.member_id
      AND w.retry_at IS NOT NULL AND w.retry_at > $3 AND w.event_id <= d.event_id
  )
ORDER BY d.event_id
LIMIT $4
"""


async def settle(session: WriteSession, deliveries: Sequence[Delivery]) -> None:
    """Note, in the transaction of their effect, that ``deliveries`` (of one partition) have had it."""
    partition = deliveries[0].partition
    events = [delivery.event_id for delivery in deliveries]
    await (await driver(session)).execute(_SETTLE, partition.handler, partition.number, events)


_SETTLE = "DELETE FROM outbox_delivery WHERE handler = $1 AND partition_no = $2 AND event_id = ANY($3::bigint[])"
