"""An exchange: goods come back and others are taken, as one document. Both happen or neither does."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.database import WriteSession, driver
from loyalty.ledger.forwarding import surviving_members
from loyalty.ledger.loading import lock_accounts
from loyalty.programme.versions import Programmes
from loyalty.purchases.checking import CurrencyRefusedError
from loyalty.purchases.outcome import Recorded, RecordedGuest, Repeated, Submission
from loyalty.purchases.single import record_sale
from loyalty.receipts import find_receipts
from loyalty.refunds.recording import RefundSubmission, record_refund
from loyalty.refunds.returned import PurchaseNotFoundError, Refunded, Waiting

if TYPE_CHECKING:
    from asyncpg import Connection, Record


@dataclass(frozen=True, slots=True)
class Exchanged:
    """Both halves of a recorded exchange, each with a receipt of its own."""

    refunded: Refunded
    sold: Recorded | RecordedGuest


async def record_exchange(
    session: WriteSession, refund: RefundSubmission, sale: Submission, *, programmes: Programmes, now: datetime
) -> Exchanged | Repeated:
    """Record a refund and then a sale, which may belong to different members, or the sale to a guest.

    Both submissions carry the key and the body of the exchange: a repeat of it is known by either receipt. An
    exchange does not wait for its sale: raises ``PurchaseNotFoundError`` for one that has not come, and what either
    half raises alone. The caller rolls back then.
    """
    await _lock_in_order(await driver(session), refund, sale, now=now)
    refunded = await record_refund(session, refund, programmes=programmes, now=now)
    if isinstance(refunded, Repeated):
        return refunded
    if isinstance(refunded, Waiting):
        raise PurchaseNotFoundError("The sale that the goods were of has not come yet.")
    if refunded.currency != sale.sale.currency:
        raise CurrencyRefusedError(
            "The goods were sold in another currency.", currency=sale.sale.currency, store_currency=refunded.currency
        )
    sold = await record_sale(session, sale, programmes=programmes, now=now)
    assert not isinstance(sold, Repeated), "the refund, whose member is locked, would have been the repeat"
    return Exchanged(refunded, sold)


async def _lock_in_order(
    connection: "Connection[Record]", refund: RefundSubmission, sale: Submission, *, now: datetime
) -> None:
    """Take both members' locks in ascending order, as every write does; the halves take them again.

    They also follow a merge that comes in between, with one lock more; should that close a ring, the edge tries anew.
    """
    original = (await find_receipts(connection, [refund.refund.purchase_key])).get(refund.refund.purchase_key)
    named = {original.member_id if original else None, sale.sale.member_id} - {None}
    member_ids = {member_id for member_id in named if member_id is not None}
    survivors = await surviving_members(connection, member_ids)
    await lock_accounts(connection, member_ids | set(survivors.values()), now=now)
