"""Tiers."""

from loyalty.programme.checks.factors import check_factor
from loyalty.programme.checks.names import check_codes, check_names
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import Problems


def check_tiers(document: ProgrammeDocument) -> Problems:
    """Every tier."""
    yield from check_codes([tier.code for tier in document.tiers], "$.tiers")
    for place, tier in enumerate(document.tiers):
        path = f"$.tiers[{place}]"
        yield from check_names(tier.names, f"{path}.names", document.fallback_language)
        yield from check_factor(tier.multiplier, f"{path}.multiplier")
