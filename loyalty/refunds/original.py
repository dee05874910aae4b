"""The sale that a refund is of, with what of it has come back so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from loyalty.earning.freezing import FrozenEvaluation, thaw
from loyalty.earning.purchase import EarningPurchase, EarnLine
from loyalty.refunds.returned import WalletEffect

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_PURCHASE = """
SELECT member_id, purchase_no, receipt_key, occurred_at, currency, discount_minor, rounding_minor, hold_no,
       spent_wallet, points_spent, points_spent_minor, points_owed, points_unpaid, programme_version, evaluation,
       earned, voided
FROM purchase WHERE member_id = $1 AND purchase_no = $2
"""
_LINES = """
SELECT line_no, line_id, sku, quantity, amount_minor, discount_minor, tax_minor, kind, category, brand, tags,
       points_minor
FROM purchase_line WHERE member_id = $1 AND purchase_no = $2 ORDER BY line_no
"""
_REFUNDS = """
SELECT lines, effect, amount_minor - cash_minor AS not_in_cash_minor
FROM refund WHERE member_id = $1 AND purchase_no = $2 ORDER BY refund_no
"""


@dataclass(frozen=True, slots=True)
class Original:
    """A recorded sale as its refunds see it."""

    member_id: int
    purchase_no: int
    receipt_key: str
    occurred_at: datetime
    currency: str
    discount_minor: int
    rounding_minor: int
    hold_no: int | None
    spent_wallet: str | None
    points_spent: int
    points_spent_minor: int
    points_owed: int
    points_unpaid: int
    programme_version: int
    voided: bool
    evaluation: FrozenEvaluation | None
    """None when nothing was evaluated: the member could not earn."""
    earned: Mapping[str, int]
    lines: tuple[EarnLine, ...]
    line_nos: Mapping[str, int]
    states: tuple[Mapping[str, Decimal], ...]
    """After each of its refunds, in their order: line id -> quantity that had come back in all."""
    earlier: tuple[WalletEffect, ...]
    """What refunds of it have done so far, in their order."""
    not_in_cash_minor: int
    """Of the price of what has come back so far: what was paid with points, and what they have lowered the cash by."""

    @property
    def came_back(self) -> Mapping[str, Decimal]:
        """Line id -> quantity that has come back so far; lines of which nothing has are absent."""
        return self.states[-1] if self.states else {}

    @property
    def basket(self) -> EarningPurchase:
        """The whole basket for arithmetic on money; rules read the frozen one."""
        return EarningPurchase(
            occurred_at=self.occurred_at,
            local_date=self.occurred_at.date(),
            zone="UTC",
            channel="",
            currency=self.currency,
            lines=self.lines,
            order_discount_minor=self.discount_minor,
        )


async def receipt_key_of(connection: "Connection[Record]", member_id: int, purchase_no: int) -> str | None:
    """The receipt key of a purchase; None when there is no such purchase."""
    key: str | None = await connection.fetchval(
        "SELECT receipt_key FROM purchase WHERE member_id = $1 AND purchase_no = $2", member_id, purchase_no
    )
    return key


async def load_original(connection: "Connection[Record]", member_id: int, purchase_no: int) -> Original | None:
    """The sale; its member must be locked if something is to be written."""
    row = await connection.fetchrow(_PURCHASE, member_id, purchase_no)
    if row is None:
        return None
    fields = dict(row)
    evaluation = fields.pop("evaluation")
    lines = await connection.fetch(_LINES, member_id, purchase_no)
    refunds = await connection.fetch(_REFUNDS, member_id, purchase_no)
    return Original(
        **fields,
        evaluation=None if "not_evaluated" in evaluation else thaw(evaluation),
        lines=tuple(earn_line(line) for line in lines),
        line_nos={line["line_id"]: line["line_no"] for line in lines},
        states=states_of(refunds),
        earlier=tuple(msgspec.convert(effect, WalletEffect) for row in refunds for effect in row["effect"]),
        not_in_cash_minor=sum(row["not_in_cash_minor"] for row in refunds),
    )


def states_of(refunds: "Sequence[Record]") -> tuple[Mapping[str, Decimal], ...]:
    """What had come back in all after each of a purchase's ``refunds``, rows in their order."""
    states = []
    came_back: dict[str, Decimal] = {}
    for row in refunds:
        for line in row["lines"]:
            came_back[line["id"]] = came_back.get(line["id"], Decimal(0)) + Decimal(line["quantity"])
        states.append(dict(came_back))
    return tuple(states)


def earn_line(row: "Record") -> EarnLine:
    """A row of ``purchase_line`` as rules see it."""
    return EarnLine(
        line_id=row["line_id"],
        sku=row["sku"],
        quantity=row["quantity"],
        amount_minor=row["amount_minor"],
        discount_minor=row["discount_minor"],
        tax_minor=row["tax_minor"],
        kind=row["kind"],
        category=row["category"],
        brand=row["brand"],
        tags=tuple(row["tags"]),
        points_paid_minor=row["points_minor"],
    )
