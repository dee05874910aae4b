"""A completed sale as a till states it. Its canonical bytes are what a repeat is compared with."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

MAX_EXACT = 2**53 - 1
"""The largest amount: the largest integer that a JavaScript client keeps exact."""
MAX_LINES = 1_000

Minor = Annotated[int, Meta(ge=0, le=MAX_EXACT, description="Minor units of the store's currency.")]
SignedMinor = Annotated[int, Meta(ge=-MAX_EXACT, le=MAX_EXACT)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f/]+$(?!\n)")]
Quantity = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$(?!\n)",
        description="Decimal text with at most 6 places: pieces, kilograms, litres.",
        examples=["2", "0.435"],
    ),
]
LineKind = Annotated[str, Meta(pattern=r"^(goods|delivery|gift_card|deposit|fee)$(?!\n)", examples=["goods"])]
Instant = Annotated[datetime, Meta(tz=True)]


class SaleLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of a basket. ``amount_minor`` is the whole line's price before discounts, tax included."""

    id: Code
    sku: Code
    quantity: Quantity = "1"
    amount_minor: Minor
    discount_minor: Minor = 0
    tax_minor: Minor = 0
    kind: LineKind = "goods"


class SaleTender(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A payment: cash, card, gift_card, stored_value, ... Points are not a tender: the hold says what they paid."""

    kind: Code
    amount_minor: Minor


class ReceiptRef(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The receipt's own name. Numbers may restart every day and on every till; fiscal identifiers may not."""

    number: Code
    business_date: date | None = None
    shift: Code | None = None
    fiscal_id: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$(?!\n)")] | None = None


class Sale(Struct, frozen=True, kw_only=True):
    """A sale with everything that decides its meaning, and nothing of how it was sent."""

    store_id: str
    terminal_id: str
    cashier_id: str | None
    channel: str
    member_id: int | None
    """None: a guest's."""
    receipt: ReceiptRef
    stated_at: datetime
    currency: str
    lines: tuple[SaleLine, ...]
    discount_minor: int = 0
    rounding_minor: int = 0
    tenders: tuple[SaleTender, ...] = ()
    total_minor: int
    """What the basket costs after discounts and rounding, before points."""
    hold_no: int | None = None
    points_used: int | None = None
    """Points to take of the hold; None: all of it, and no more than the basket costs."""
    redemptions: tuple[str, ...] | UnsetType = UNSET
    """Codes of issued rewards that the till has taken off. Unset, not empty: it is no part of other sales' bytes."""

    @property
    def receipt_key(self) -> str:
        return receipt_key(self.store_id, self.terminal_id, self.receipt)

    def business_date(self, local_date: date) -> date:
        """The day in whose books the sale stands; ``local_date`` is the store's day when it happened."""
        return self.receipt.business_date or local_date


def receipt_key(store_id: str, terminal_id: str, receipt: ReceiptRef) -> str:
    """The natural key: fiscal identifier, or store, terminal, business date and shift as far as given, and number.

    A shift may have the same name every day: where the till states a business date too, both count.
    """
    if receipt.fiscal_id is not None:
        return f"fiscal/{receipt.fiscal_id}"
    day = receipt.business_date.isoformat() if receipt.business_date else None
    period = "/".join(part for part in (day, receipt.shift) if part)
    return f"{store_id}/{terminal_id}/{period}/{receipt.number}"


def canonical(sale: Struct) -> bytes:
    """The same sale gives the same bytes, whatever order or spacing it was sent in."""
    return msgspec.json.encode(sale, order="deterministic")


def line_quantity(line: SaleLine) -> Decimal:
    return Decimal(line.quantity)
