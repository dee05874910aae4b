"""How a refund is answered."""

from msgspec import Struct

from api.pos.receipts import WalletBalance
from loyalty.members.ids import member_public_id
from loyalty.receipts import purchase_id, refund_id
from loyalty.refunds.returned import Refunded, ReturnedLine, Waiting, WalletEffect


class RefundView(Struct, frozen=True, kw_only=True):
    """A refund: what the drawer pays, and what happened to the points.

    ``cash_minor`` = ``amount_minor`` - ``points_minor`` - ``cash_reduction_minor``. ``kind`` is ``refund``, or
    ``return`` for one without a receipt, or ``waiting`` while the sale is not known or nobody's: then only
    ``receipt_of`` is filled.
    """

    kind: str
    id: str | None
    purchase_id: str | None
    """Null also for a return without receipt."""
    member_id: str | None
    currency: str | None
    lines: tuple[ReturnedLine, ...]
    amount_minor: int
    """Price of what came back; the rounding of the sale's total comes back with the last of it."""
    points_minor: int
    """The part of it that had been paid with points; they come back as points."""
    cash_reduction_minor: int
    """The worth of points that could not be taken, where the programme says so."""
    cash_minor: int
    effects: tuple[WalletEffect, ...]
    balances: tuple[WalletBalance, ...]
    flags: tuple[str, ...]
    receipt_of: str | None
    """For a waiting refund: the key of the receipt it waits for."""


def refund_view(outcome: Refunded | Waiting) -> RefundView:
    if isinstance(outcome, Waiting):
        return RefundView(
            kind="waiting",
            id=None,
            purchase_id=None,
            currency=None,
            member_id=None,
            lines=(),
            amount_minor=0,
            points_minor=0,
            cash_reduction_minor=0,
            cash_minor=0,
            effects=(),
            balances=(),
            flags=(),
            receipt_of=outcome.purchase_key,
        )
    return RefundView(
        kind="refund" if outcome.purchase_no is not None else "return",
        id=refund_id(outcome.purchase_member_id, outcome.refund_no),
        purchase_id=_purchase_id(outcome),
        currency=outcome.currency,
        member_id=member_public_id(outcome.member_id),
        lines=outcome.lines,
        amount_minor=outcome.amount_minor,
        points_minor=outcome.points_minor,
        cash_reduction_minor=outcome.cash_reduction_minor,
        cash_minor=outcome.cash_minor,
        effects=outcome.effects,
        balances=tuple(WalletBalance(wallet=wallet, balance=balance) for wallet, balance in outcome.balances),
        flags=outcome.flags,
        receipt_of=None,
    )


def _purchase_id(outcome: Refunded) -> str | None:
    return None if outcome.purchase_no is None else purchase_id(outcome.purchase_member_id, outcome.purchase_no)
