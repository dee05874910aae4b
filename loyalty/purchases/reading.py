"""A member's purchases as they stand in the books, for their owner and for staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from loyalty.earning.freezing import FrozenEvaluation, thaw
from loyalty.refunds.returned import PurchaseNotFoundError, WalletEffect

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_PURCHASES = """
SELECT p.member_id, p.purchase_no, p.store_id, s.name AS store_name, p.channel, p.occurred_at, p.currency,
       p.total_minor, p.discount_minor, p.rounding_minor, p.spent_wallet, p.points_spent, p.points_spent_minor,
       p.earned, p.voided, p.programme_version, p.evaluation
FROM purchase p LEFT JOIN store s USING (store_id) WHERE p.member_id = ANY($1::bigint[])
"""
_ONE = _PURCHASES + " AND p.purchase_no = $2"
_ALL = _PURCHASES + " ORDER BY p.occurred_at DESC, p.member_id, p.purchase_no DESC"
_LINES = """
SELECT l.member_id, l.purchase_no, l.line_id, l.sku, i.names, l.quantity, l.amount_minor, l.discount_minor, l.kind,
       l.points_minor, l.refunded_quantity
FROM purchase_line l LEFT JOIN catalogue_item i USING (sku)
WHERE l.member_id = ANY($1::bigint[]) AND ($2::bigint IS NULL OR l.purchase_no = $2)
ORDER BY l.member_id, l.purchase_no, l.line_no
"""
_REFUNDS = """
SELECT r.member_id, r.purchase_no, r.refund_no, s.name AS store_name, r.occurred_at, r.amount_minor, r.cash_minor,
       r.effect
FROM refund r LEFT JOIN store s USING (store_id)
WHERE r.member_id = ANY($1::bigint[]) AND ($2::bigint IS NULL OR r.purchase_no = $2)
ORDER BY r.member_id, r.purchase_no, r.refund_no
"""


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """A line as it was sold. ``names`` are the catalogue's of today, by language; none for an unknown SKU."""

    line_id: str
    sku: str
    names: Mapping[str, str]
    quantity: Decimal
    amount_minor: int
    discount_minor: int
    kind: str
    points_minor: int
    """What points paid of it."""
    refunded_quantity: Decimal


@dataclass(frozen=True, slots=True)
class PurchaseReturn:
    """Goods of the purchase that came back, and what that did to each wallet."""

    refund_no: int
    store_name: str | None
    occurred_at: datetime
    amount_minor: int
    cash_minor: int
    effects: tuple[WalletEffect, ...]


@dataclass(frozen=True, slots=True)
class BookedPurchase:
    """A purchase with everything that is known of it. Money is in minor units of ``currency``."""

    member_id: int
    """Under whose number it was bought: the member's own, or one merged into theirs."""
    purchase_no: int
    store_id: str
    store_name: str | None
    channel: str
    occurred_at: datetime
    currency: str
    total_minor: int
    discount_minor: int
    rounding_minor: int
    spent_wallet: str | None
    points_spent: int
    points_spent_minor: int
    earned: Mapping[str, int]
    voided: bool
    programme_version: int
    evaluation: FrozenEvaluation | None
    """None when nothing was evaluated; ``not_evaluated`` says why."""
    not_evaluated: tuple[str, ...]
    lines: tuple[BoughtLine, ...]
    returns: tuple[PurchaseReturn, ...]


async def read_purchase(
    connection: "Connection[Record]", key: tuple[int, int] | None, *, family: Sequence[int]
) -> BookedPurchase:
    """The purchase with the key (member, number). Raises ``PurchaseNotFoundError`` unless ``family`` made it."""
    if key is None or key[0] not in family:
        raise PurchaseNotFoundError
    row = await connection.fetchrow(_ONE, [key[0]], key[1])
    if row is None:
        raise PurchaseNotFoundError
    (purchase,) = await _filled(connection, [row], [key[0]], key[1])
    return purchase


async def read_purchases(connection: "Connection[Record]", family: Sequence[int]) -> list[BookedPurchase]:
    """All purchases of a member and of those merged into it, the latest first."""
    return await _filled(connection, await connection.fetch(_ALL, list(family)), family, None)


async def _filled(
    connection: "Connection[Record]", heads: "Sequence[Record]", family: Sequence[int], purchase_no: int | None
) -> list[BookedPurchase]:
    lines: dict[tuple[int, int], list[BoughtLine]] = {}
    for row in await connection.fetch(_LINES, list(family), purchase_no):
        member_id, number, line_id, sku, names, *rest = row
        lines.setdefault((member_id, number), []).append(BoughtLine(line_id, sku, names or {}, *rest))
    returns: dict[tuple[int, int], list[PurchaseReturn]] = {}
    for row in await connection.fetch(_REFUNDS, list(family), purchase_no):
        returned = PurchaseReturn(
            refund_no=row["refund_no"],
            store_name=row["store_name"],
            occurred_at=row["occurred_at"],
            amount_minor=row["amount_minor"],
            cash_minor=row["cash_minor"],
            effects=msgspec.convert(row["effect"], tuple[WalletEffect, ...]),
        )
        returns.setdefault((row["member_id"], row["purchase_no"]), []).append(returned)
    return [_booked(head, lines, returns) for head in heads]


def _booked(
    head: "Record",
    lines: Mapping[tuple[int, int], list[BoughtLine]],
    returns: Mapping[tuple[int, int], list[PurchaseReturn]],
) -> BookedPurchase:
    fields = dict(head)
    evaluation = fields.pop("evaluation")
    refused = evaluation.get("not_evaluated")
    key = (head["member_id"], head["purchase_no"])
    return BookedPurchase(
        **fields,
        evaluation=thaw(evaluation) if refused is None else None,
        not_evaluated=tuple(refused or ()),
        lines=tuple(lines.get(key, ())),
        returns=tuple(returns.get(key, ())),
    )
