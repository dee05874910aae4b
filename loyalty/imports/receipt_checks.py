"""What past receipts meet here: sales that are known already, stores, articles."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from loyalty.imports.problems import ImportProblem
from loyalty.imports.rows import Delivery, ReceiptLineRow, ReceiptRow
from loyalty.programme.part import MAX_EXACT
from loyalty.purchases.sale import MAX_LINES

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_KNOWN: Final = """
SELECT k.receipt_key, k.kind, i.digest
FROM receipt_key AS k
LEFT JOIN imported_receipt AS i
       ON k.kind = 'purchase' AND i.member_id = k.member_id AND i.purchase_no = k.number_of_kind
WHERE k.receipt_key = ANY($1::text[])
"""
_STORES: Final = "SELECT store_id, currency FROM store WHERE store_id = ANY($1::text[])"
_ITEMS: Final = "SELECT sku FROM catalogue_item WHERE sku = ANY($1::text[])"


async def meet_receipts(connection: "Connection[Record]", delivery: Delivery) -> tuple[set[str], list[ImportProblem]]:
    """The receipts that are here, by key, and what is wrong with the files. One that a till has sent is passed over."""
    if not delivery.receipts:
        return set(), []
    rows = await connection.fetch(_KNOWN, list({row.receipt_key for row in delivery.receipts}))
    known = {row["receipt_key"]: row for row in rows}
    lines = lines_of(delivery)
    problems = [
        *_known_otherwise(delivery.receipts, lines, known),
        *_too_much(delivery.receipts, lines),
        *await receipt_problems(connection, delivery),
    ]
    return {key for key, row in known.items() if row["kind"] == "purchase"}, problems


async def receipt_problems(connection: "Connection[Record]", delivery: Delivery) -> list[ImportProblem]:
    """Stores, currencies and articles that are not here."""
    rows = await connection.fetch(_STORES, list({row.store_id for row in delivery.receipts}))
    currencies = {row["store_id"]: row["currency"] for row in rows}
    skus = {row["sku"] for row in await connection.fetch(_ITEMS, list({line.sku for line in delivery.receipt_lines}))}
    return [
        *_store_problems(delivery.receipts, currencies),
        *(
            ImportProblem("receipt_lines.csv", line.line, "sku", "sku_unknown", "is nothing of the catalogue")
            for line in delivery.receipt_lines
            if line.sku not in skus
        ),
    ]


def lines_of(delivery: Delivery) -> dict[str, list[ReceiptLineRow]]:
    """The lines by receipt, in their order."""
    lines: dict[str, list[ReceiptLineRow]] = defaultdict(list)
    for line in delivery.receipt_lines:
        lines[line.receipt_id].append(line)
    return lines


def receipt_digest(row: ReceiptRow, lines: Sequence[ReceiptLineRow]) -> bytes:
    """What tells a receipt that was sent again from one that was changed."""
    parts = [(line.sku, line.quantity, line.amount_minor, line.discount_minor) for line in lines]
    content = (row.external_id, row.occurred_at, row.total_minor, row.currency, row.points, parts)
    return hashlib.sha256(msgspec.json.encode(content)).digest()


def _known_otherwise(
    receipts: Sequence[ReceiptRow], lines: Mapping[str, Sequence[ReceiptLineRow]], known: "Mapping[str, Record]"
) -> Iterator[ImportProblem]:
    for row in receipts:
        found = known.get(row.receipt_key)
        if found is None:
            continue
        if found["kind"] != "purchase":
            message = f"is known here as one of another kind: {found['kind']}"
            yield ImportProblem("receipts.csv", row.line, "number", "receipt_taken", message)
        elif found["digest"] is not None and found["digest"] != receipt_digest(row, lines.get(row.receipt_id, ())):
            message = "has been imported with other values"
            yield ImportProblem("receipts.csv", row.line, "receipt_id", "receipt_changed", message)


def _too_much(receipts: Sequence[ReceiptRow], lines: Mapping[str, Sequence[ReceiptLineRow]]) -> Iterator[ImportProblem]:
    spent: dict[str, int] = defaultdict(int)
    for row in receipts:
        spent[row.external_id] += row.total_minor
        if spent[row.external_id] > MAX_EXACT:
            message = "makes more than a member's spend can be"
            yield ImportProblem("receipts.csv", row.line, "total_minor", "spend_out_of_range", message)
        if len(lines.get(row.receipt_id, ())) > MAX_LINES:
            message = f"has more than {MAX_LINES} lines"
            yield ImportProblem("receipts.csv", row.line, "receipt_id", "lines_too_many", message)


def _store_problems(receipts: Sequence[ReceiptRow], currencies: Mapping[str, str]) -> Iterator[ImportProblem]:
    for row in receipts:
        if row.store_id not in currencies:
            yield ImportProblem("receipts.csv", row.line, "store_id", "store_unknown", "is no store")
        elif row.currency != currencies[row.store_id]:
            message = f"is not the store's, {currencies[row.store_id]}"
            yield ImportProblem("receipts.csv", row.line, "currency", "currency_refused", message)
