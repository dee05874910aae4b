"""Tiers: standing that members keep while they spend points."""

from loyalty.programme.part import Part


class Tier(Part, frozen=True, kw_only=True):
    """A tier and what it gives. Tiers stand in the document from the lowest to the highest."""

    code: str
    names: dict[str, str]
    multiplier: str = "1"
    """Decimal text, at most 3 decimals. Multiplies the primary wallet's rules that are ``multiplied``."""
