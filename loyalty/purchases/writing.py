"""The rows of posted sales, written set-based."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from kernel.database import RowWriter
from loyalty.earning.evaluation import Evaluation
from loyalty.earning.freezing import freeze
from loyalty.models import Purchase, PurchaseLine
from loyalty.purchases.context import Context
from loyalty.purchases.posting import Posted

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_PURCHASES = RowWriter(
    Purchase,
    *("member_id", "purchase_no", "receipt_key", "store_id", "terminal_id", "cashier_id", "channel"),
    *("business_date", "shift"),
    *("occurred_at", "stated_at", "recorded_at", "local_date", "currency", "total_minor", "discount_minor"),
    *("rounding_minor", "tenders", "hold_no", "spent_wallet", "points_spent", "points_spent_minor", "points_owed"),
    *("points_unpaid", "programme_version", "evaluation", "earned", "flags"),
)
_LINES = RowWriter(
    PurchaseLine,
    *("member_id", "purchase_no", "line_no", "line_id", "sku", "quantity", "amount_minor", "discount_minor"),
    *("tax_minor", "kind", "category", "brand", "tags", "points_minor"),
)
_NO_TAGS = "[]"


async def write_purchases(connection: "Connection[Record]", posted: Sequence[Posted], context: Context) -> None:
    """Insert the sales and their lines."""
    await _PURCHASES.write(connection, [_purchase_row(one, context) for one in posted])
    await _LINES.write(connection, [row for one in posted for row in _line_rows(one)])


def store_day(one: Posted, context: Context) -> date:
    """The store's local day of the sale."""
    zone = ZoneInfo(context.stores[one.submission.sale.store_id].zone)
    return one.occurred_at.astimezone(zone).date()


def _purchase_row(one: Posted, context: Context) -> tuple[object, ...]:
    sale = one.submission.sale
    local_date = store_day(one, context)
    return (
        one.account.member_id,
        one.purchase_no,
        one.submission.receipt_key,
        sale.store_id,
        sale.terminal_id,
        sale.cashier_id,
        sale.channel,
        sale.business_date(local_date),
        sale.receipt.shift,
        one.occurred_at,
        sale.stated_at,
        one.account.recorded_at,
        local_date,
        sale.currency,
        sale.total_minor,
        sale.discount_minor,
        sale.rounding_minor,
        _json(sale.tenders),
        sale.hold_no if one.submission.survivor_id is None else None,
        one.hold.wallet if one.hold else None,
        one.paid.points,
        one.paid.minor,
        one.paid.owed,
        one.paid.unpaid,
        one.programme.version,
        _json(frozen_evaluation(one.evaluation, one.flags)),
        _json(one.evaluation.points_by_wallet if one.evaluation else {}),
        _json(one.flags),
    )


def frozen_evaluation(evaluation: Evaluation | None, flags: tuple[str, ...]) -> object:
    """The evaluation as it is kept for explanations and refunds, or the reasons why there was none."""
    return freeze(evaluation) if evaluation else {"not_evaluated": flags}


def _line_rows(one: Posted) -> list[tuple[object, ...]]:
    return [
        (
            one.account.member_id,
            one.purchase_no,
            line_no,
            line.line_id,
            line.sku,
            line.quantity,
            line.amount_minor,
            line.discount_minor,
            line.tax_minor,
            line.kind,
            line.category,
            line.brand,
            _json(line.tags) if line.tags else _NO_TAGS,
            one.paid.by_line.get(line.line_id, 0),
        )
        for line_no, line in enumerate(one.basket.lines, start=1)
    ]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
