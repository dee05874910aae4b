"""Step 4: what becomes of a delivery that failed."""

import random
from datetime import datetime, timedelta
from typing import Final

from kernel.database import WriteSession, driver
from kernel.outbox.claiming import Delivery
from kernel.outbox.tables import PARTITIONS

MAX_ATTEMPTS: Final = 10
"""About half an hour from the first failure to the parking place."""
FIRST_RETRY: Final = timedelta(seconds=2)
LONGEST_RETRY: Final = timedelta(minutes=10)


async def postpone_or_park(session: WriteSession, delivery: Delivery, error: Exception, *, now: datetime) -> bool:
    """Note that ``delivery`` failed once more, after its own transaction was rolled back. True when it was parked."""
    connection = await driver(session)
    key = (delivery.partition.handler, delivery.partition.number, delivery.event_id)
    attempts = delivery.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        name = f"{type(error).__module__}.{type(error).__qualname__}"[-256:]
        await connection.execute(_PARK, *key, now, name)
        return True
    await connection.execute(_POSTPONE, *key, attempts, now + back_off(attempts))
    return False


_POSTPONE = """
UPDATE outbox_delivery SET attempts = $4, retry_at = $5 WHERE handler = $1 AND partition_no = $2 AND event_id = $3
"""
_PARK = """
WITH failed AS (
    DELETE FROM outbox_delivery WHERE handler = $1 AND partition_no = $2 AND event_id = $3 RETURNING *
)
INSERT INTO outbox_parked (handler, event_id, member_id, type, payload, created_at, parked_at, error)
SELECT handler, event_id, member_id, type, payload, created_at, $4, $5 FROM failed
"""


def back_off(attempt: int) -> timedelta:
    """How long to wait after failure number ``attempt`` (from 1): doubles up to ten minutes, minus up to half of it."""
    longest: timedelta = min(FIRST_RETRY * 2 ** (attempt - 1), LONGEST_RETRY)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load and decides nothing


async def rerun(session: WriteSession, *, handler: str | None = None, event_id: int | None = None) -> int:
    """Put parked deliveries back as if they had never failed: all, or those of a handler or an event. Returns how many.

    A re-run event comes after events of its member that went on without it.
    """
    return int(await (await driver(session)).fetchval(_RERUN, handler, event_id))


_RERUN = f"""
WITH again AS (
    DELETE FROM outbox_parked
    WHERE ($1::text IS NULL OR handler = $1) AND ($2::bigint IS NULL OR event_id = $2) RETURNING *
), put_back AS (
    INSERT INTO outbox_delivery (handler, partition_no, event_id, member_id, type, payload, created_at)
    SELECT handler, member_id % {PARTITIONS}, event_id, member_id, type, payload, created_at FROM again
)
SELECT count(*) FROM again
"""  # noqa: S608 - the only value put in is a number of ours
