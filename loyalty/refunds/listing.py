"""The refunds that wait for their sale, for the store that made them."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from kernel.database import ReadSession, driver
from loyalty.refunds.returned import Return

_WAITING = """
SELECT w.receipt_key, w.body, w.received_at, w.refusal, coalesce(k.kind = 'guest', false) AS is_guests
FROM waiting_refund w LEFT JOIN receipt_key k ON k.receipt_key = w.purchase_key
WHERE w.store_id = $1 AND w.applied_at IS NULL AND ($2::text IS NULL OR w.receipt_key > $2)
ORDER BY w.receipt_key LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class ListedRefund:
    """A refund that has come and was not applied."""

    refund: Return
    received_at: datetime
    refusal: str | None
    """Why it could not be applied when its sale came: a refusal's code. It then waits for a person."""
    is_guests: bool
    """The sale is there and nobody's yet: points would be taken when it is claimed."""


async def list_waiting(session: ReadSession, store_id: str, *, after: str | None, limit: int) -> list[ListedRefund]:
    """``limit`` refunds by receipt key, those behind ``after``."""
    rows = await (await driver(session)).fetch(_WAITING, store_id, after, limit)
    return [
        ListedRefund(msgspec.convert(row["body"], Return), row["received_at"], row["refusal"], row["is_guests"])
        for row in rows
    ]
