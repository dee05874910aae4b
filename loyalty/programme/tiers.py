"""Tiers: standing that members earn, and keep while they spend points. How they are folded is in ``loyalty.tiers``."""

from typing import Literal

from loyalty.programme.part import Part


class TierThresholds(Part, frozen=True, kw_only=True):
    """What is needed for a tier within the window of ``TierSettings``. Who has exactly as much has reached it."""

    match: Literal["any", "all"] = "any"
    """Whether one of the numbers below is enough, or all that are given are needed."""
    points: int | None = None
    """Points earned, less what was taken back. Spending them changes nothing."""
    spend_minor: int | None = None
    """What purchases cost, tax included and whatever paid for them, less refunds."""
    purchases: int | None = None
    """Purchases of which something was kept."""
    actions: int | None = None
    """Actions that were paid."""


class EntryBonus(Part, frozen=True, kw_only=True):
    """Points for reaching a tier, once per member, tier and period."""

    points: int
    wallet: str = ""
    """Empty: the primary wallet."""


class Tier(Part, frozen=True, kw_only=True):
    """A tier and what it gives. Tiers stand in the document from the lowest to the highest.

    The first is everybody's when it has no ``thresholds``; another without them is given by hand alone.
    """

    code: str
    names: dict[str, str]
    multiplier: str = "1"
    """Decimal text, at most 3 decimals. Multiplies the primary wallet's rules that are ``multiplied``."""
    thresholds: TierThresholds | None = None
    entry_bonus: EntryBonus | None = None


class TierWindow(Part, frozen=True, kw_only=True):
    """The days whose facts count together. All are local days of the member.

    - ``ever``: all of them.
    - ``days``, ``months``: the last ``count``, today included.
    - ``calendar``: the current month, quarter or year.
    - ``membership_year``: since the last anniversary of the enrolment.
    """

    kind: str = "ever"
    count: int = 0
    period: Literal["month", "quarter", "year"] = "year"


class TierRetention(Part, frozen=True, kw_only=True):
    """How long a tier is kept from the day on which it was last reached; then the window decides anew.

    - ``window``: to the end of the window; in a rolling window as long as what is in it is enough.
    - ``end_of_period``: to the end of the ``count``-th month, quarter or year after the current one.
    - ``days``, ``months``: so many days or months longer.
    """

    kind: str = "window"
    count: int = 0
    period: Literal["month", "quarter", "year"] = "month"


class TierSettings(Part, frozen=True, kw_only=True):
    """How tiers are reached and lost."""

    window: TierWindow = TierWindow()
    points_wallet: str = ""
    """Whose points count for ``thresholds.points``; empty: the primary wallet's."""
    adjustments_count: bool = False
    """Whether points that staff give or take count too."""
    downgrade: Literal["never", "one_step", "to_what_is_reached"] = "to_what_is_reached"
    """What becomes of a tier that is not reached anew. A refund takes back what it had made, whatever is set here."""
    retention: TierRetention = TierRetention()
    grace_days: int = 0
    """Days beyond the retention in which the tier can still be reached anew."""
    floor: str = ""
    """The tier below which nobody falls; empty: none but what needs nothing."""
    warning_days: int = 0
    """How long before a fall it is told, once; 0: never."""
