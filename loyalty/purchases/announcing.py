"""Telling the other packages about posted sales, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kernel.events import Event, publish
from loyalty.events import HoldResolved, PurchaseRecorded
from loyalty.purchases.context import Context
from loyalty.purchases.posting import Posted
from loyalty.purchases.writing import store_day

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def announce(
    connection: "Connection[Record]", posted: Sequence[Posted], context: Context, *, now: datetime
) -> None:
    """Publish what happened."""
    await publish(connection, [event for one in posted for event in _events(one, context)], now=now)


def _events(one: Posted, context: Context) -> list[Event]:
    sale = one.submission.sale
    events: list[Event] = [
        PurchaseRecorded(
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
    ]
    hold = one.hold
    if hold is not None and hold.hold_no in one.account.changed_holds and hold.resolved_at is not None:
        events.append(
            HoldResolved(
                member_id=one.account.member_id,
                hold_no=hold.hold_no,
                outcome=hold.status,
                captured=hold.captured,
                resolved_at=hold.resolved_at,
            )
        )
    return events
