"""What every refund stores: its row and its receipt; and how a receipt that has come before is recognised."""

from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kernel.database import WriteSession, driver
from loyalty.answers import KeyId, find_answers
from loyalty.models import Refund
from loyalty.purchases.outcome import Repeated
from loyalty.receipts import ReceiptDiffersError, RegisteredReceipt, find_receipts, register_receipts
from loyalty.stores import StoreNotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def repeat_of_receipt(
    connection: "Connection[Record]", receipt_key: str, *, key: KeyId, body: bytes
) -> Repeated | None:
    """The first answer, when the refund's receipt is known. Raises ``ReceiptDiffersError`` for another content."""
    receipt = (await find_receipts(connection, [receipt_key])).get(receipt_key)
    if receipt is None:
        return None
    first = (await find_answers(connection, [receipt.first_key]))[receipt.first_key]
    if first.body != body or first.outcome is None:
        raise ReceiptDiffersError.between(first.body, body)
    return Repeated(first.status, first.outcome, same_key=receipt.first_key == key)


async def next_refund_no(connection: "Connection[Record]", member_id: int) -> int:
    """The next refund number of a member whose row is locked."""
    number: int = await connection.fetchval(
        "UPDATE member SET last_refund_no = last_refund_no + 1 WHERE member_id = $1 RETURNING last_refund_no", member_id
    )
    return number


async def day_at_store(connection: "Connection[Record]", store_id: str, instant: datetime) -> date:
    """The store's local day. Raises ``StoreNotFoundError``."""
    zone = await connection.fetchval("SELECT zone FROM store WHERE store_id = $1", store_id)
    if zone is None:
        raise StoreNotFoundError(store_id=store_id)
    return instant.astimezone(ZoneInfo(zone)).date()


async def write_refund(session: WriteSession, row: Refund, *, key: KeyId, has_waited: bool = False) -> None:
    """Insert the refund and claim its receipt; one that ``has_waited`` for its sale has claimed it when it came."""
    session.add(row)
    await session.flush()
    receipt = RegisteredReceipt("refund", row.member_id, row.refund_no, key)
    await register_receipts(await driver(session), [(row.receipt_key, receipt)], settles=has_waited)
