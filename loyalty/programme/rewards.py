"""Rewards: what points buy besides paying at the till."""

from typing import Literal

from msgspec import field

from loyalty.programme.part import Part
from loyalty.programme.rules import LineNames, Window

DISCOUNT_KINDS = ("percent_discount", "amount_discount", "free_item")
"""Used at the till: until then the points are held, not spent."""
DELIVERED_KINDS = ("gift", "partner", "coupon", "wallet_points")
"""The member gets it when it is issued, or staff hand it over: the points are spent at once."""
TRANSFERABLE_KINDS = (*DISCOUNT_KINDS, "gift")
"""What shows no code of its own that its first owner has seen."""
PAYOUT = "payout"
"""Money: the points are held until a second person has approved it, and spent then."""


class RewardPrice(Part, frozen=True, kw_only=True):
    """Points of one wallet."""

    wallet: str = ""
    """Empty: the primary wallet."""
    points: int


class RewardLimits(Part, frozen=True, kw_only=True):
    """How often one member may have a reward in a period of the member's local days. None: no limit."""

    day: int | None = None
    week: int | None = None
    """ISO weeks, from Monday."""
    month: int | None = None
    lifetime: int | None = None


class RewardEffect(Part, frozen=True, kw_only=True):
    """What the member gets. ``kind`` says which of the other members count.

    - ``gift``: something that staff hand over.
    - ``partner``: something that a partner hands over; with ``pool``, to whoever shows the code out of it.
    - ``percent_discount``: ``share_bp`` of what the matching lines cost, rounded down, at most ``maximum_minor``.
    - ``amount_discount``: ``amount_minor`` of what the matching lines cost, and no more than they do.
    - ``free_item``: one unit of the cheapest matching line.
    - ``coupon``: a code out of ``pool``; without one left it is out of stock.
    - ``wallet_points``: ``points`` in ``wallet``.
    - ``payout``: ``amount_minor`` of money for each unit, whose price the reward's prices are; from ``minimum_units``
      to ``maximum_units`` at once.
    """

    kind: str
    share_bp: int = 0
    """In basis points: 1,000 is a tenth."""
    maximum_minor: int = 0
    """0: no maximum."""
    amount_minor: int = 0
    lines: LineNames = LineNames()
    """Only lines that match every list given here (any name within a list)."""
    except_lines: LineNames = LineNames()
    """Never lines that match any list given here."""
    minimum_basket_minor: int = 0
    """Inclusive, compared with what the basket costs after its own discounts."""
    pool: str = ""
    """Name of a pool of codes, which staff fill."""
    wallet: str = ""
    points: int = 0
    minimum_units: int = 1
    maximum_units: int = 0
    """A payout has to say it."""


class Reward(Part, frozen=True, kw_only=True):
    """Something that points buy. An empty list of stores, channels, segments, tiers or windows restricts nothing.

    Windows, segments, tiers and the condition decide whether it is issued; stores and channels, where it can be used.
    """

    code: str
    names: dict[str, str]
    descriptions: dict[str, str] = field(default_factory=dict)
    effect: RewardEffect
    prices: tuple[RewardPrice, ...] = ()
    """All of them are paid, or nothing is issued. None at all: it is free."""
    price_minor: int = 0
    """Money that the till takes besides the points. It is told to the till and booked by nobody here."""
    stock: int | None = None
    """Pieces in all, those that were issued before counted in. None: no limit; 0: none."""
    low_stock: int | None = None
    """Staff are told when no more than so many are left: pieces, or free codes of its pool. None: they are not."""
    limits: RewardLimits = RewardLimits()
    windows: tuple[Window, ...] = ()
    """In the member's zone."""
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    condition: str = ""
    """In CEL over the facts of a member. Empty: always."""
    valid_days: int = 30
    """How long an issued one can be used: through the whole of that local day after the day it was issued. How long a
    payout waits to be approved."""
    at_expiry: Literal["return", "keep"] = "return"
    """What becomes of the points of one that was not used: they return to the member, or the business keeps them."""
    cancellable: bool = True
    """Whether the member can give an unused one back. Never a coupon: its code has been seen."""
    transferable: bool = False
    """Whether its owner may make a present of it to another member, once, for which the tiers, segments, condition and
    limits must be right. Only what is used at the till, or handed over by staff.
    """
    auto_issue: bool = False
    """Issued by itself soon after a sale, an action, a correction or a merge has brought the points: a stamp card."""
    archived: bool = False
    """No longer shown or issued. What was issued stays good."""
