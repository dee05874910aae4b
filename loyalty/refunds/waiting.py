"""Refunds that arrived before their sale: kept, listed, applied when the sale comes."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kernel.database import Query, Row, RowWriter
from loyalty.answers import KeyId
from loyalty.models import WaitingRefund
from loyalty.receipts import RegisteredReceipt, register_receipts
from loyalty.refunds.returned import Return, Waiting

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_KEEP = RowWriter(
    WaitingRefund, "receipt_key", "purchase_key", "store_id", "terminal_id", "body", "client", "key", "received_at"
)
_FIND = """
SELECT receipt_key, purchase_key, body, client, key FROM waiting_refund
WHERE purchase_key = ANY($1::text[]) AND applied_at IS NULL AND refusal IS NULL ORDER BY received_at, receipt_key
"""
_OVERTAKEN = """
SELECT w.receipt_key, w.purchase_key, w.body, w.client, w.key
FROM waiting_refund w JOIN receipt_key r ON r.receipt_key = w.purchase_key AND r.kind = 'purchase'
WHERE w.applied_at IS NULL AND w.refusal IS NULL
ORDER BY w.received_at, w.receipt_key LIMIT $1 FOR UPDATE OF w SKIP LOCKED
"""
_SETTLE = "UPDATE waiting_refund SET applied_at = $2, refusal = $3 WHERE receipt_key = $1"


class WaitingReturn(NamedTuple):
    """A refund that waits, and the key that it came under."""

    refund: Return
    key: KeyId


async def keep_waiting(connection: "Connection[Record]", key: KeyId, refund: Return, *, now: datetime) -> Waiting:
    """Keep a refund whose sale is unknown. Its receipt is registered, so that it waits once."""
    body = msgspec.json.encode(refund).decode()
    row = (refund.receipt_key, refund.purchase_key, refund.store_id, refund.terminal_id, body, *key, now)
    await _KEEP.write(connection, [row])
    await register_receipts(connection, [(refund.receipt_key, RegisteredReceipt("waiting", None, None, key))])
    return Waiting(refund.purchase_key)


def waiting_query(purchase_keys: Collection[str]) -> Query:
    """The query for the refunds that wait for these sales; ``waiting_from`` takes its rows."""
    return Query(_FIND, (list(purchase_keys),))


def waiting_from(rows: Iterable[Row]) -> dict[str, list[WaitingReturn]]:
    """By the sale's receipt key: the refunds that wait for it, in the order in which they came."""
    found: dict[str, list[WaitingReturn]] = {}
    for row in rows:
        found.setdefault(row[1], []).append(_waiting(row))
    return found


async def overtaken(connection: "Connection[Record]", *, limit: int) -> list[WaitingReturn]:
    """Refunds that wait although their sale is there: the two came at once and neither saw the other. Locked."""
    return [_waiting(row) for row in await connection.fetch(_OVERTAKEN, limit)]


def _waiting(row: Iterable[Any]) -> WaitingReturn:
    _, _, body, client, key = row
    return WaitingReturn(msgspec.convert(body, Return), KeyId(client, key))


async def settle_waiting(
    connection: "Connection[Record]", receipt_key: str, *, refusal: str | None, now: datetime
) -> None:
    """Note that a waiting refund was applied, or why it could not be: then it stays listed for staff."""
    await connection.execute(_SETTLE, receipt_key, None if refusal else now, refusal)
