"""Telling the other packages about posted sales, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.events import publish
from loyalty.events import PurchaseRecorded
from loyalty.purchases.context import Context
from loyalty.purchases.posting import Posted
from loyalty.purchases.writing import store_day

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def announce(
    connection: "Connection[Record]", posted: Sequence[Posted], context: Context, *, now: datetime
) -> None:
    """Publish what happened."""
    await publish(connection, [_recorded(one, context) for one in posted], now=now)


def _recorded(one: Posted, context: Context) -> PurchaseRecorded:
    sale = one.submission.sale
    return PurchaseRecorded(
        member_id=one.account.member_id,
        purchase_no=one.purchase_no,
        store_id=sale.store_id,
        occurred_at=one.occurred_at,
        local_date=store_day(one, context),
        currency=sale.currency,
        total_minor=sale.total_minor,
        points_earned=one.evaluation.points_by_wallet if one.evaluation else {},
        points_spent=one.paid.points,
    )
