"""A refund as a till states it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from kernel.errors import ConflictError, NotFoundError, UnprocessableError
from loyalty.purchases.sale import Code, Quantity, ReceiptRef, receipt_key


class ReturnedLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a line of the sale came back."""

    id: Code
    quantity: Quantity


class Return(Struct, frozen=True, kw_only=True):
    """A refund with everything that decides its meaning, and nothing of how it was sent."""

    store_id: str
    terminal_id: str
    cashier_id: str | None
    receipt: ReceiptRef
    """The refund's own receipt."""
    purchase_key: str
    """Receipt key of the sale, whether the till named it by id or by receipt."""
    lines: tuple[ReturnedLine, ...]
    """Empty: everything that has not come back yet."""
    stated_at: datetime
    reason: str | None = None
    """A code, no free text: it stays in the books, which erasing a person does not reach."""

    @property
    def receipt_key(self) -> str:
        return "refund/" + receipt_key(self.store_id, self.terminal_id, self.receipt)


class WalletEffect(Struct, frozen=True, kw_only=True):
    """What a refund did to one wallet, in points: totals of this refund, none of them negative."""

    wallet: str
    taken: int = 0
    """Earned points that do not stand any more: the sum of the next five."""
    from_lots: int = 0
    forgiven: int = 0
    """They had expired unspent: nobody loses anything."""
    owed: int = 0
    """They had been spent: the balance owes them."""
    written_off: int = 0
    left: int = 0
    """Not taken: the cash paid back is lower instead, where the programme says so."""
    returned: int = 0
    """Spent points that came back."""


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund that was recorded."""

    member_id: int
    purchase_member_id: int
    purchase_no: int | None
    """None: the goods came back without a receipt."""
    refund_no: int
    currency: str
    lines: tuple[ReturnedLine, ...]
    amount_minor: int
    """Price of what came back, and with the last of it the sale's rounding."""
    points_minor: int
    """The part of it that points had paid."""
    cash_reduction_minor: int
    """Points that could not be taken, in money."""
    effects: tuple[WalletEffect, ...]
    balances: tuple[tuple[str, int], ...]
    """Wallet and balance afterwards."""
    flags: tuple[str, ...]

    @property
    def cash_minor(self) -> int:
        """What the customer gets in money."""
        return self.amount_minor - self.points_minor - self.cash_reduction_minor


@dataclass(frozen=True, slots=True)
class Waiting:
    """A refund whose sale has not come yet. It is applied when it does, and listed until then."""

    purchase_key: str


class PurchaseNotFoundError(NotFoundError):
    code = "purchase_not_found"
    title = "There is no such purchase."


class LineNotFoundError(UnprocessableError):
    """The sale has no such line."""

    code = "line_not_found"
    title = "The purchase has no such line."


class RefundAbovePurchaseError(UnprocessableError):
    """More is to come back than was bought and has not come back yet."""

    code = "refund_above_purchase"
    title = "More is returned than is left of the purchase."


class NothingToRefundError(ConflictError):
    """Everything has come back already."""

    code = "nothing_to_refund"
    title = "Everything of this purchase has come back already."
