"""What a member bought within some days, with those who were merged into them, and what is left of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from loyalty.earning.purchase import EarningPurchase, EarnLine
from loyalty.earning.shares import scale_lines
from loyalty.goals.counting import Bought
from loyalty.refunds.original import earn_line, states_of

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_SLACK: Final = timedelta(days=1)
"""A store's local day and a member's differ by no more."""
_PURCHASES: Final = """
SELECT p.occurred_at, p.member_id, p.purchase_no, d.day, p.currency, p.discount_minor,
       p.total_minor - coalesce((SELECT sum(r.amount_minor) FROM refund r
           WHERE r.member_id = p.member_id AND r.purchase_no = p.purchase_no), 0)::bigint AS left_minor
FROM purchase AS p, LATERAL (SELECT (p.evaluation -> 'purchase' ->> 'local_date')::date AS day) AS d
WHERE p.member_id = ANY($1::bigint[]) AND p.local_date BETWEEN $2 AND $3 AND d.day BETWEEN $4 AND $5
  AND NOT p.flags ? 'imported'
"""
_RETURNS: Final = """
SELECT occurred_at, member_id, local_date, -amount_minor AS left_minor
FROM refund WHERE member_id = ANY($1::bigint[]) AND purchase_no IS NULL AND local_date BETWEEN $2 AND $3
"""
_THESE: Final = "unnest($1::bigint[], $2::bigint[]) AS these (member_id, purchase_no)"
_LINES: Final = f"""
SELECT member_id, purchase_no, line_id, sku, quantity, amount_minor, discount_minor, tax_minor, kind, category, brand,
       tags, points_minor
FROM {_THESE} JOIN purchase_line USING (member_id, purchase_no) ORDER BY member_id, purchase_no, line_no
"""  # noqa: S608 - our own words
_REFUNDS: Final = f"""
SELECT member_id, purchase_no, lines
FROM {_THESE} JOIN refund USING (member_id, purchase_no) ORDER BY member_id, purchase_no, refund_no
"""  # noqa: S608 - our own words

Key = tuple[int, int]
"""Member and number of a purchase."""


async def read_bought(
    connection: "Connection[Record]", family: Collection[int], first_day: date, last_day: date, *, with_lines: bool
) -> list[Bought]:
    """What counts of these local days, sorted. Purchases that the member could not earn with count for nothing, nor do
    those that moved in: what an earlier system counted is not paid again.

    Of a locked member, where something is to be decided by it.
    """
    members = list(family)
    rows = await connection.fetch(_PURCHASES, members, first_day - _SLACK, last_day + _SLACK, first_day, last_day)
    lines = await _lines_left(connection, rows) if with_lines else {}
    returns = await connection.fetch(_RETURNS, members, first_day, last_day)
    return sorted(
        [
            *(
                Bought(row[0], row[1], row[2], row["day"], row["left_minor"], lines.get((row[1], row[2]), ()))
                for row in rows
            ),
            *(Bought(row[0], row[1], 0, row["local_date"], row["left_minor"]) for row in returns),
        ],
        key=lambda each: each[:3],
    )


async def _lines_left(connection: "Connection[Record]", rows: "Sequence[Record]") -> dict[Key, tuple[EarnLine, ...]]:
    keys = ([row["member_id"] for row in rows], [row["purchase_no"] for row in rows])
    lines: defaultdict[Key, list[EarnLine]] = defaultdict(list)
    for row in await connection.fetch(_LINES, *keys):
        lines[row[0], row[1]].append(earn_line(row))
    refunds: defaultdict[Key, list[Record]] = defaultdict(list)
    for row in await connection.fetch(_REFUNDS, *keys):
        refunds[row[0], row[1]].append(row)
    left = {}
    for row in rows:
        key = (row["member_id"], row["purchase_no"])
        states = states_of(refunds.get(key, ()))
        came_back: dict[str, Decimal] = dict(states[-1]) if states else {}
        basket = EarningPurchase(
            occurred_at=row["occurred_at"],
            local_date=row["day"],
            zone="UTC",
            channel="",
            currency=row["currency"],
            lines=tuple(lines[key]),
            order_discount_minor=row["discount_minor"],
        )
        left[key] = scale_lines(basket, came_back).lines
    return left
