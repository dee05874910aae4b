"""Lines of ``receipts.csv`` and ``receipt_lines.csv``, each checked by itself. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from loyalty.imports.cells import CODE, ID, CellError, Cells, day, number, optional, required
from loyalty.imports.rows import ReceiptLineRow, ReceiptRow
from loyalty.purchases.sale import ReceiptRef

RECEIPT_COLUMNS: Final = (
    ("receipt_id", "external_id", "store_id", "number", "occurred_at", "total_minor", "currency"),
    ("terminal_id", "business_date", "fiscal_id", "points"),
)
RECEIPT_LINE_COLUMNS: Final = (("receipt_id", "sku", "quantity", "amount_minor"), ("discount_minor",))
UNKNOWN_TERMINAL: Final = "imported"
"""Stands for a till that the other system does not name."""

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SLACK: Final = timedelta(days=1)
"""A local day may have begun before the UTC day."""
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})\Z", re.ASCII
)
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z", re.ASCII)
_NAME: Final = re.compile(r"[^\x00-\x1f/]{1,64}\Z")
_FISCAL: Final = re.compile(r"[^\x00-\x1f]{1,128}\Z")
_QUANTITY: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?\Z", re.ASCII)


def read_receipt(line: int, cells: Cells, *, external_id: str, now: datetime) -> ReceiptRow:
    """The receipt of a line. Raises ``CellError``."""
    business_date = day(cells, "business_date")
    if business_date is not None and not _EARLIEST.date() <= business_date <= (now + _SLACK).date():
        raise CellError("business_date", "day_impossible", "lies in the future, or before 2000")
    fiscal_id = optional(cells, "fiscal_id", _FISCAL)
    if business_date is None and fiscal_id is None:
        raise CellError("business_date", "value_missing", "is empty, and so is fiscal_id: numbers begin anew")
    return ReceiptRow(
        line=line,
        receipt_id=required(cells, "receipt_id", ID),
        external_id=external_id,
        store_id=required(cells, "store_id", CODE),
        terminal_id=optional(cells, "terminal_id", _NAME) or UNKNOWN_TERMINAL,
        receipt=ReceiptRef(number=required(cells, "number", _NAME), business_date=business_date, fiscal_id=fiscal_id),
        occurred_at=_past_instant(cells, "occurred_at", now),
        total_minor=_amount(cells, "total_minor"),
        currency=required(cells, "currency", _CURRENCY),
        points=_amount(cells, "points") if cells.get("points") else None,
    )


def read_receipt_line(line: int, cells: Cells) -> ReceiptLineRow:
    """A line of a receipt. Raises ``CellError``."""
    row = ReceiptLineRow(
        line=line,
        receipt_id=required(cells, "receipt_id", ID),
        sku=required(cells, "sku", _NAME),
        quantity=required(cells, "quantity", _QUANTITY),
        amount_minor=_amount(cells, "amount_minor"),
        discount_minor=_amount(cells, "discount_minor") if cells.get("discount_minor") else 0,
    )
    if row.discount_minor > row.amount_minor:
        raise CellError("discount_minor", "discount_above_amount", "is more than the line costs")
    return row


def _amount(cells: Cells, column: str) -> int:
    value = number(cells, column)
    if value < 0:
        raise CellError(column, "amount_negative", "is below zero")
    return value


def _past_instant(cells: Cells, column: str, now: datetime) -> datetime:
    try:
        instant = datetime.fromisoformat(required(cells, column, _INSTANT)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise CellError(column, "instant_malformed", "is no instant such as 2026-03-01T12:30:00+03:00") from None
    if not _EARLIEST <= instant <= now:
        raise CellError(column, "instant_impossible", "lies in the future, or before 2000")
    return instant
