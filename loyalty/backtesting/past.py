"""Reading recorded purchases as they were frozen, in a stream: one page of them in memory at a time."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from loyalty.backtesting.question import SLACK, Part, Question
from loyalty.budgets import BUDGET_SLICES
from loyalty.earning.freezing import FrozenEvaluation, thaw
from loyalty.earning.purchase import EarnLine
from loyalty.refunds.original import earn_line, states_of

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_AT_ONCE: Final = 500
_PURCHASES: Final = """
SELECT p.member_id, p.purchase_no, p.recorded_at, p.evaluation::text AS evaluation
FROM purchase AS p
WHERE p.member_id BETWEEN $1 AND $2
  AND ($3::bigint IS NULL OR p.member_id % $4 = $3) AND ($5::bigint[] IS NULL OR p.member_id = ANY($5))
  AND p.recorded_at <= $6 AND ($7::date IS NULL OR p.local_date >= $7) AND ($8::date IS NULL OR p.local_date < $8)
  AND ($9 >= 10000 OR abs(hashtextextended($10 || ':' || p.member_id, 0) % 10000) < $9)
  AND NOT p.evaluation ? 'not_evaluated' AND ($11 OR NOT p.flags ? 'imported')
ORDER BY """
_BY_MEMBER: Final = _PURCHASES + "p.member_id, p.purchase_no"
_BY_TIME: Final = _PURCHASES + "p.recorded_at, p.member_id, p.purchase_no"
_THESE: Final = "unnest($1::bigint[], $2::bigint[]) AS these (member_id, purchase_no)"
_LINES: Final = f"""
SELECT member_id, purchase_no, line_id, sku, quantity, amount_minor, discount_minor, tax_minor, kind, category, brand,
       tags, points_minor
FROM {_THESE} JOIN purchase_line USING (member_id, purchase_no) ORDER BY member_id, purchase_no, line_no
"""  # noqa: S608 - our own words
_REFUNDS: Final = f"""
SELECT member_id, purchase_no, refund_no, recorded_at, lines
FROM {_THESE} JOIN refund USING (member_id, purchase_no) WHERE recorded_at <= $3
ORDER BY member_id, purchase_no, refund_no
"""  # noqa: S608 - our own words

Key = tuple[int, int]
"""Member and number of a purchase."""


class PastRefund(Struct, frozen=True, gc=False):
    """Goods that came back, and what had come back of the purchase in all by then."""

    recorded_at: datetime
    came_back: Mapping[str, Decimal]


class PastPurchase(Struct, frozen=True, gc=False):
    """A recorded purchase that was evaluated when it was made."""

    member_id: int
    purchase_no: int
    recorded_at: datetime
    frozen: FrozenEvaluation
    lines: tuple[EarnLine, ...]
    refunds: tuple[PastRefund, ...]


async def past_purchases(
    connection: "Connection[Record]", question: Question, part: Part
) -> AsyncIterator[PastPurchase]:
    """The purchases of a part: member by member in their order, or all in the order of recording with budgets.

    Those that a member could not earn with were never evaluated and are not among them. Needs a transaction.
    """
    page: list[Record] = []
    query = _BY_TIME if question.has_budgets else _BY_MEMBER
    async for row in connection.cursor(query, *_arguments(question, part), prefetch=_AT_ONCE):
        page.append(row)
        if len(page) == _AT_ONCE:
            for purchase in await _completed(connection, page, question):
                yield purchase
            page = []
    for purchase in await _completed(connection, page, question):
        yield purchase


def _arguments(question: Question, part: Part) -> tuple[object, ...]:
    return (
        part.first_member,
        part.last_member,
        part.budget_slice,
        BUDGET_SLICES,
        part.members,
        question.recorded_by,
        question.read_from and max(question.read_from, date.min + SLACK) - SLACK,
        question.until_day and min(question.until_day, date.max - SLACK) + SLACK,
        question.sample_bp,
        question.salt,
        question.with_moved_in,
    )


async def _completed(
    connection: "Connection[Record]", page: "Sequence[Record]", question: Question
) -> list[PastPurchase]:
    """The purchases of a page with their lines and refunds."""
    if not page:
        return []
    keys = ([row["member_id"] for row in page], [row["purchase_no"] for row in page])
    lines: defaultdict[Key, list[EarnLine]] = defaultdict(list)
    for row in await connection.fetch(_LINES, *keys):
        lines[row[0], row[1]].append(earn_line(row))
    refunds: defaultdict[Key, list[Record]] = defaultdict(list)
    for row in await connection.fetch(_REFUNDS, *keys, question.recorded_by):
        refunds[row[0], row[1]].append(row)
    return [
        PastPurchase(
            row["member_id"],
            row["purchase_no"],
            row["recorded_at"],
            thaw(row["evaluation"]),
            tuple(lines[row["member_id"], row["purchase_no"]]),
            _refunds(refunds.get((row["member_id"], row["purchase_no"]), ())),
        )
        for row in page
    ]


def _refunds(rows: "Sequence[Record]") -> tuple[PastRefund, ...]:
    return tuple(
        PastRefund(row["recorded_at"], came_back) for row, came_back in zip(rows, states_of(rows), strict=True)
    )
