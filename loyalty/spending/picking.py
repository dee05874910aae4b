"""Whether lists of names pick a line."""

from loyalty.earning.purchase import EarnLine
from loyalty.programme.indexes import widened
from loyalty.programme.rules import LineNames


def picks_any(names: LineNames, line: EarnLine) -> bool:
    """Whether any of the lists names the line; a category includes its sub-categories."""
    return (
        line.sku in names.skus
        or line.brand in names.brands
        or line.kind in names.kinds
        or any(path in names.categories for path in widened(line.category))
        or any(tag in names.tags for tag in line.tags)
    )
