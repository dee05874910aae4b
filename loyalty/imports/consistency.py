"""What the files say of each other. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from loyalty.identities import KnownBy
from loyalty.imports.problems import ImportProblem
from loyalty.imports.rows import Delivery

R = TypeVar("R")
_TOLD_WHERE_SENT: Final = ("receipts", "receipt_lines", "coupons")
"""Totals that are told where there are receipts, or coupons."""


def inconsistencies(delivery: Delivery) -> list[ImportProblem]:
    """Things that stand twice, and totals that are not what the sender counted."""
    return [
        *_twice("members.csv", "external_id", "member_twice", delivery.members, lambda row: row.external_id),
        *_twice("lots.csv", "lot_id", "lot_twice", delivery.lots, lambda row: row.lot_key),
        *_twice(
            *("consents.csv", "purpose", "consent_twice", delivery.consents),
            lambda row: (row.external_id, row.purpose, row.channel),
        ),
        *_twice("tiers.csv", "external_id", "tier_twice", delivery.tiers, lambda row: row.external_id),
        *_twice("receipts.csv", "receipt_id", "receipt_twice", delivery.receipts, lambda row: row.receipt_id),
        *_twice("receipts.csv", "number", "receipt_number_twice", delivery.receipts, lambda row: row.receipt_key),
        *_twice("coupons.csv", "coupon", "coupon_twice", delivery.coupons, lambda row: row.code),
        *_wrong_lines(delivery),
        *_shared_identities(delivery),
        *_wrong_totals(delivery),
    ]


def identities_of(delivery: Delivery) -> Iterator[tuple[str, int, str, KnownBy]]:
    """File, line, external id and identity of each that the files name."""
    for member in delivery.members:
        for known_by in member.identities:
            yield "members.csv", member.line, member.external_id, known_by
    for row in delivery.identities:
        yield "identities.csv", row.line, row.external_id, row.known_by


def totals_of(delivery: Delivery) -> dict[str, int]:
    """What the files hold, under the names that ``totals.csv`` may use."""
    totals = {
        "members": len(delivery.members),
        "identities": len(delivery.identities),
        "consents": len(delivery.consents),
        "lots": len(delivery.lots),
        "tiers": len(delivery.tiers),
    }
    if delivery.receipts:
        totals |= {"receipts": len(delivery.receipts), "receipt_lines": len(delivery.receipt_lines)}
    if delivery.coupons:
        totals["coupons"] = len(delivery.coupons)
    for lot in delivery.lots:
        name = f"points:{lot.wallet}"
        totals[name] = totals.get(name, 0) + lot.points
    for receipt in delivery.receipts:
        name = f"receipts:{receipt.currency}"
        totals[name] = totals.get(name, 0) + receipt.total_minor
    return totals


def _twice(file: str, column: str, code: str, rows: Iterable[R], key: Callable[[R], object]) -> Iterator[ImportProblem]:
    lines: dict[object, int] = {}
    for row in rows:
        line: int = row.line  # type: ignore[attr-defined]  # every row has one
        first = lines.setdefault(key(row), line)
        if first != line:
            yield ImportProblem(file, line, column, code, f"stands on line {first} already")


def _shared_identities(delivery: Delivery) -> Iterator[ImportProblem]:
    owners: dict[KnownBy, str] = {}
    for file, line, external_id, known_by in identities_of(delivery):
        if owners.setdefault(known_by, external_id) != external_id:
            column = "value" if file == "identities.csv" else known_by.kind
            yield ImportProblem(file, line, column, "identity_twice", "is another member's in these files")


def _wrong_lines(delivery: Delivery) -> Iterator[ImportProblem]:
    """Lines of no receipt, and receipts that do not cost what their lines do."""
    sums: dict[str, int] = {}
    known = {row.receipt_id for row in delivery.receipts}
    for line in delivery.receipt_lines:
        sums[line.receipt_id] = sums.get(line.receipt_id, 0) + line.amount_minor - line.discount_minor
        if line.receipt_id not in known:
            message = "is no receipt that is right in receipts.csv"
            yield ImportProblem("receipt_lines.csv", line.line, "receipt_id", "receipt_unknown", message)
    for row in delivery.receipts:
        if sums.get(row.receipt_id, row.total_minor) != row.total_minor:
            message = f"is {row.total_minor}, and its lines come to {sums[row.receipt_id]}"
            yield ImportProblem("receipts.csv", row.line, "total_minor", "receipt_total_differs", message)


def _wrong_totals(delivery: Delivery) -> Iterator[ImportProblem]:
    counted = totals_of(delivery)
    for name, (line, stated) in delivery.totals.items():
        if name not in counted and not name.startswith(("points:", "receipts:")) and name not in _TOLD_WHERE_SENT:
            yield ImportProblem("totals.csv", line, "name", "total_unknown", "is no total of an import")
        elif counted.get(name, 0) != stated:
            message = f"is {stated}, and the rows that are right give {counted.get(name, 0)}"
            yield ImportProblem("totals.csv", line, "total", "total_differs", message)
