"""How much is undone, for metrics and ``comeback verify``."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from kernel.database import ReadSession


@dataclass(frozen=True, kw_only=True)
class OutboxState:
    """``oldest_at`` is when the oldest undelivered event was published, parked ones apart; None: nothing waits."""

    to_spread: int
    to_deliver: int
    retrying: int
    parked: int
    oldest_at: datetime | None


async def outbox_state(session: ReadSession) -> OutboxState:
    """Counts over the queue as it stands. Costs one pass over it: it is short, or that it is not is the finding."""
    connection = await session.connection()
    return OutboxState(**(await connection.execute(_STATE)).one()._mapping)


_STATE = text(
    """
SELECT e.total AS to_spread, d.total AS to_deliver, d.retrying,
       (SELECT count(*) FROM outbox_parked) AS parked, least(e.oldest, d.oldest) AS oldest_at
FROM (SELECT count(*) AS total, min(created_at) AS oldest FROM outbox_event) AS e,
     (SELECT count(*) AS total, count(retry_at) AS retrying, min(created_at) AS oldest FROM outbox_delivery) AS d
"""
)
