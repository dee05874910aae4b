"""What an evaluation reads: the basket, the member, the store, and what the limits have left."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct, field

STORED_VALUE_TENDERS = frozenset({"gift_card", "stored_value"})


class EarnLine(Struct, frozen=True, kw_only=True):
    """A line of a basket. Amounts are minor units of the purchase's currency and never negative.

    ``amount_minor`` is the price of the whole line before discounts, tax included; ``discount_minor`` is the line's
    own discount; ``tax_minor`` is the tax inside what is left. ``category`` is a path, the widest first
    (``food/bakery/bread``). The last three are the line's shares of amounts of the whole order;
    ``shares.with_shares`` fills those that the till did not send.
    """

    line_id: str
    sku: str
    quantity: Decimal
    amount_minor: int
    discount_minor: int = 0
    tax_minor: int = 0
    kind: str = "goods"
    category: str = ""
    brand: str = ""
    tags: tuple[str, ...] = ()
    points_paid_minor: int = 0
    order_discount_minor: int = 0
    stored_value_minor: int = 0


class Tender(Struct, frozen=True, kw_only=True):
    """A payment: cash, card, gift_card, stored_value, ... Points that pay stand on the lines instead."""

    kind: str
    amount_minor: int


class EarningPurchase(Struct, frozen=True, kw_only=True):
    """A sale as rules see it.

    ``occurred_at`` is aware UTC. ``local_date`` is the frozen business day in ``zone`` (an IANA name): caps count by
    it, and the days of pending and expiry are days of that zone.
    """

    occurred_at: datetime
    local_date: date
    zone: str
    channel: str
    currency: str
    lines: tuple[EarnLine, ...]
    order_discount_minor: int = 0
    tenders: tuple[Tender, ...] = ()


class MemberFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What rules may know of a member. Frozen with the purchase, so it names nobody."""

    tier: str = ""
    segments: frozenset[str] = frozenset()
    """Those that rules ask about: lists as they were read, and what ``segments.with_segments`` found."""
    language: str = ""
    purchases_count: int = 0
    """Before this purchase."""
    days_since_purchase: int | None = None
    """Whole local days since the purchase before; None: this is the first."""
    spend_minor: int = 0
    """What they cost together, less what came back."""
    age_days: int = 0
    """Whole local days since enrolment."""
    is_birthday: bool = False
    balance_points: int = 0
    """Of the primary wallet, before this purchase."""


class StoreFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The store as rules see it. ``zone`` is an IANA name: windows, weekdays and hours are local to it."""

    code: str
    zone: str
    legal_entity: str = ""
    city: str = ""
    region: str = ""
    tags: tuple[str, ...] = ()


class Headroom(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What limits have left for this purchase, read under the member's lock.

    ``used_points``: rule to cap period (day, week, month, lifetime) to the points already paid in the period that the
    purchase's ``local_date`` falls into; absent means none. ``budget_points``: rule to the points that this purchase
    may take of the rule's leased budget; a rule with a budget that is absent here pays nothing.
    """

    used_points: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    budget_points: Mapping[str, int] = field(default_factory=dict)
