"""The rows of an import, after each has been checked by itself."""

from datetime import date, datetime

from msgspec import Struct, field

from loyalty.identities import KnownBy
from loyalty.purchases.sale import ReceiptRef, receipt_key


class MemberRow(Struct, frozen=True, kw_only=True):
    """A member of the other system. What is None or empty is left as it is when the member is known already."""

    line: int
    external_id: str
    enrolled_on: date | None = None
    name: str | None = None
    birthday: date | None = None
    language: str | None = None
    zone: str | None = None
    home_store_id: str | None = None
    identities: tuple[KnownBy, ...] = ()


class IdentityRow(Struct, frozen=True, kw_only=True):
    """A further identity of a member."""

    line: int
    external_id: str
    known_by: KnownBy


class ConsentRow(Struct, frozen=True, kw_only=True):
    """What a member agreed to or refused."""

    line: int
    external_id: str
    purpose: str
    channel: str
    granted: bool
    text_version: str


class LotRow(Struct, frozen=True, kw_only=True):
    """Points that were earned together. Days are local days of the member's zone."""

    line: int
    lot_key: str
    external_id: str
    wallet: str
    points: int
    earned_on: date
    available_on: date | None = None
    """The first day on which they can be spent; None: they can already."""
    expires_on: date | None = None
    """The last day on which they can be spent; None: for good."""


class TierRow(Struct, frozen=True, kw_only=True):
    """The tier that a member has in the other system."""

    line: int
    external_id: str
    tier: str
    retained_until: date | None = None
    """The last local day on which it is kept, whatever is earned here; None: for good."""


class ReceiptRow(Struct, frozen=True, kw_only=True):
    """A sale that the other system knows. Money is in minor units of the store's currency."""

    line: int
    receipt_id: str
    """The other system's id of it, by which its lines find it."""
    external_id: str
    store_id: str
    terminal_id: str
    receipt: ReceiptRef
    occurred_at: datetime
    total_minor: int
    currency: str
    points: int | None = None
    """What the other system paid for it, in the primary wallet; None: it does not say."""

    @property
    def receipt_key(self) -> str:
        """The natural key, as a till's sale has it."""
        return receipt_key(self.store_id, self.terminal_id, self.receipt)


class ReceiptLineRow(Struct, frozen=True, kw_only=True):
    """A line of such a sale. ``amount_minor`` is the whole line's price before its discount."""

    line: int
    receipt_id: str
    sku: str
    quantity: str
    amount_minor: int
    discount_minor: int = 0


class CouponRow(Struct, frozen=True, kw_only=True):
    """A coupon that a member holds and has not used."""

    line: int
    code: str
    """As it is kept: what the till scans."""
    external_id: str
    reward: str
    expires_on: date | None = None
    """The last local day on which it can be used; None: as the reward says."""


class Delivery(Struct, frozen=True, kw_only=True):
    """Everything that the files say."""

    members: list[MemberRow] = field(default_factory=list)
    identities: list[IdentityRow] = field(default_factory=list)
    consents: list[ConsentRow] = field(default_factory=list)
    lots: list[LotRow] = field(default_factory=list)
    tiers: list[TierRow] = field(default_factory=list)
    receipts: list[ReceiptRow] = field(default_factory=list)
    receipt_lines: list[ReceiptLineRow] = field(default_factory=list)
    coupons: list[CouponRow] = field(default_factory=list)
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What the sender counted: name to line and number."""
