"""Rules: what pays which points, when and to whom. Earn rules pay for purchases; ``action_rules.py`` has the others."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, field

from loyalty.programme.part import Part
from loyalty.programme.policies import ExpiryPolicy, PendingPolicy

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
LINE_KINDS = ("goods", "delivery", "gift_card", "deposit", "fee")
CAP_PERIODS = ("day", "week", "month", "lifetime")


class Step(Part, frozen=True, kw_only=True):
    """From a base of ``from_minor`` (inclusive) a ``steps`` formula pays ``points``."""

    from_minor: int
    points: int


class Formula(Part, frozen=True, kw_only=True):
    """How many points a rule pays. ``kind`` says which of the other members count.

    - ``fixed``: ``points`` once.
    - ``rate``: ``points`` for each ``per_minor`` of the base, fractions included, rounded once at the end.
    - ``per_item``: ``points`` for each unit of the matching lines; a line counts its whole units, or with
      ``fractions`` its exact quantity.
    - ``steps``: the points of the highest step that the base reaches.
    - ``multiplier``: pays nothing itself; multiplies, on the matching lines, the rules of its wallet that are
      ``multiplied``, by ``factor`` (decimal text, at most 3 decimals, at most 10).
    """

    kind: str
    points: int = 0
    per_minor: int = 0
    factor: str = ""
    steps: tuple[Step, ...] = ()
    fractions: bool = False


class LineNames(Part, frozen=True, kw_only=True):
    """Names that pick lines of a basket. A category includes its sub-categories: ``food`` picks ``food/bread``."""

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


class BaseSettings(Part, frozen=True, kw_only=True):
    """What part of a basket earns. Line discounts always reduce it."""

    tax_included: bool = True
    delivery_earns: bool = False
    gift_cards_earn: bool = False
    """Buying a gift card. It usually earns when it is spent instead."""
    deposits_earn: bool = False
    fees_earn: bool = False
    stored_value_earns: bool = True
    """The part of the bill paid with gift cards or other stored value: a payment, not a discount."""
    points_paid_earns: bool = False
    """The part paid with own points."""
    order_discounts: Literal["whole_order_only", "spread"] = "whole_order_only"
    """A discount on the whole order lowers the base of rules that take the whole order; with ``spread`` its share
    on each line lowers the base of rules for some lines too."""


class Window(Part, frozen=True, kw_only=True):
    """When a rule applies, in the store's zone; for an action without a store in the member's. Everything given must
    hold; each pair is half open.

    ``from_date`` and ``until_date`` are local days of the store, ``from_at`` and ``until_at`` instants in whole
    minutes, ``weekdays`` ISO numbers (Monday is 1), ``from_time`` and ``until_time`` local times "HH:MM" up to "24:00".
    """

    from_date: date | None = None
    until_date: date | None = None
    from_at: Instant | None = None
    until_at: Instant | None = None
    weekdays: tuple[int, ...] = ()
    from_time: str = "00:00"
    until_time: str = "24:00"


class Caps(Part, frozen=True, kw_only=True):
    """The most points that a rule pays one member in a period of the member's local days. None: no limit."""

    day: int | None = None
    week: int | None = None
    """ISO weeks, from Monday."""
    month: int | None = None
    lifetime: int | None = None


class Rule(Part, frozen=True, kw_only=True):
    """One reason to pay points. An empty list of stores, channels, segments, tiers or windows restricts nothing."""

    code: str
    """Unique among all rules of the programme: limits count by it."""
    names: dict[str, str]
    stackable: bool = True
    priority: int = 0
    """Of the rules of a wallet that are not stackable the highest priority wins, then the first code."""
    windows: tuple[Window, ...] = ()
    stores: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    condition: str = ""
    """In CEL over the variables of ``facts.py``. Empty: always."""
    caps: Caps = Caps()
    budget_points: int | None = None
    """The most points that the rule pays to all members together. None: no limit."""
    wallet: str = ""
    """Empty: the primary wallet."""
    pending: PendingPolicy | None = None
    """None: the programme's."""
    expiry: ExpiryPolicy | None = None
    """None: the programme's, with its exceptions by tier."""
    expiry_by_tier: dict[str, ExpiryPolicy] = field(default_factory=dict)


class EarnRule(Rule, frozen=True, kw_only=True):
    """A rule for purchases."""

    formula: Formula
    lines: LineNames = LineNames()
    """Only lines that match every list given here (any name within a list)."""
    except_lines: LineNames = LineNames()
    """Never lines that match any list given here."""
    base: BaseSettings | None = None
    """This rule's own base instead of the programme's."""
    rounding: Literal["floor", "round", "ceil"] = "floor"
    """Once per rule, after its multipliers; ``round`` takes halves up."""
    multiplied: bool | None = None
    """Whether multipliers and the tier's multiplier apply. None: to ``rate`` only."""
    requires_base: bool = False
    """Pays only when a rule without this flag pays too."""
    minimum_basket_minor: int = 0
    """Inclusive, compared with what the basket costs after discounts."""
