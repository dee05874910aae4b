"""Step 1: from one row per event to one row per event and handler."""

from collections.abc import Sequence

from kernel.database import WriteSession, driver, try_exclusive
from kernel.outbox.tables import PARTITIONS


async def spread(
    session: WriteSession, subscriptions: Sequence[tuple[str, str]], known_types: Sequence[str], *, limit: int
) -> int:
    """Turn the oldest ``limit`` events of ``known_types`` into deliveries by ``subscriptions`` (event type, handler).

    Returns how many events were taken: 0 also when another worker is spreading.
    """
    if not await try_exclusive(session, "outbox/spread"):
        return 0
    connection = await driver(session)
    types = [event_type for event_type, _ in subscriptions]
    handlers = [handler for _, handler in subscriptions]
    return int(await connection.fetchval(_SPREAD, types, handlers, list(known_types), limit))


_SPREAD = f"""
WITH oldest AS MATERIALIZED (
    SELECT event_id, member_id FROM outbox_event WHERE type = ANY($3::text[]) ORDER BY event_id LIMIT $4
), taken AS (
    DELETE FROM outbox_event AS e USING oldest AS o
    WHERE e.event_id = o.event_id AND e.member_id = o.member_id
    RETURNING e.*
), spread AS (
    INSERT INTO outbox_delivery (handler, partition_no, event_id, member_id, type, payload, created_at)
    SELECT s.handler, t.member_id % {PARTITIONS}, t.event_id, t.member_id, t.type, t.payload, t.created_at
    FROM taken AS t JOIN unnest($1::text[], $2::text[]) AS s (type, handler) ON s.type = t.type
)
SELECT count(*) FROM taken
"""  # noqa: S608 - the only value put in is a number of ours
