"""Which rules can apply at all, found without looking at each rule.

A set of rules is an ``int`` with one bit per rule. Every index keeps the rules that restrict nothing and, by name, the
rules that allow that name; narrowing down is then a handful of bitwise ands, however many rules there are.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from loyalty.programme.rules import LineNames

LineProfile = tuple[str, str, str, tuple[str, ...], str]
"""SKU, category, brand, tags and kind: all that rules can tell lines apart by."""
MAX_REMEMBERED_PROFILES = 16_384


class NameIndex:
    """Rules by the names that they list; a rule without a list allows every name."""

    __slots__ = ("_by_name", "_unrestricted")

    def __init__(self, lists: Iterable[Sequence[str]]) -> None:
        """``lists`` holds one list of names for each rule, in the order of their bits."""
        self._unrestricted = 0
        by_name: dict[str, int] = {}
        for place, names in enumerate(lists):
            if not names:
                self._unrestricted |= 1 << place
            for name in names:
                by_name[name] = by_name.get(name, 0) | 1 << place
        self._by_name = {name: rules | self._unrestricted for name, rules in by_name.items()}

    def allowing(self, name: str) -> int:
        """Rules that allow ``name``."""
        return self._by_name.get(name, self._unrestricted)

    def allowing_any(self, names: Iterable[str]) -> int:
        """Rules that allow at least one of ``names``, or every name."""
        rules = self._unrestricted
        for name in names:
            rules |= self._by_name.get(name, 0)
        return rules

    def listing_any(self, names: Iterable[str]) -> int:
        """Rules that list at least one of ``names``."""
        return self.allowing_any(names) & ~self._unrestricted


class MinimumIndex:
    """Rules by the smallest basket that they accept (inclusive)."""

    __slots__ = ("_minima", "_rules")

    def __init__(self, minima: Sequence[int]) -> None:
        self._minima = sorted(set(minima))
        self._rules = [0] + [
            sum(1 << place for place, minimum in enumerate(minima) if minimum <= reached) for reached in self._minima
        ]

    def reached_by(self, basket_minor: int) -> int:
        """Rules whose minimum is at most ``basket_minor``."""
        return self._rules[bisect_right(self._minima, basket_minor)]


class LineIndex:
    """Rules by the lines that they take."""

    def __init__(self, chosen: Sequence[LineNames], refused: Sequence[LineNames]) -> None:
        """``chosen`` and ``refused`` hold each rule's lists; ``chosen`` names the kinds of lines that earn."""
        self._skus = NameIndex([names.skus for names in chosen])
        self._categories = NameIndex([names.categories for names in chosen])
        self._brands = NameIndex([names.brands for names in chosen])
        self._tags = NameIndex([names.tags for names in chosen])
        self._kinds = NameIndex([names.kinds for names in chosen])
        self._refused_skus = NameIndex([names.skus for names in refused])
        self._refused_categories = NameIndex([names.categories for names in refused])
        self._refused_brands = NameIndex([names.brands for names in refused])
        self._refused_tags = NameIndex([names.tags for names in refused])
        self._refused_kinds = NameIndex([names.kinds for names in refused])
        self._named_skus = {sku for names in (*chosen, *refused) for sku in names.skus}
        self._remembered: dict[LineProfile, int] = {}

    def taking(self, sku: str, category: str, brand: str, tags: tuple[str, ...], kind: str) -> int:
        """Rules that take a line of this description."""
        if sku not in self._named_skus:
            # Most SKUs are named by no rule: lines that differ only in such a SKU share what is remembered.
            sku = ""
        profile = (sku, category, brand, tags, kind)
        rules = self._remembered.get(profile)
        if rules is None:
            if len(self._remembered) >= MAX_REMEMBERED_PROFILES:
                self._remembered.clear()
            rules = self._remembered[profile] = self._find(profile)
        return rules

    def _find(self, profile: LineProfile) -> int:
        sku, category, brand, tags, kind = profile
        paths = widened(category)
        chosen = (
            self._skus.allowing(sku)
            & self._categories.allowing_any(paths)
            & self._brands.allowing(brand)
            & self._tags.allowing_any(tags)
            & self._kinds.allowing(kind)
        )
        refused = (
            self._refused_skus.listing_any((sku,))
            | self._refused_categories.listing_any(paths)
            | self._refused_brands.listing_any((brand,))
            | self._refused_tags.listing_any(tags)
            | self._refused_kinds.listing_any((kind,))
        )
        return chosen & ~refused


def widened(category: str) -> tuple[str, ...]:
    """A category and all wider ones: ``food/bread`` gives ``food`` and ``food/bread``."""
    if not category:
        return ()
    parts = category.split("/")
    return tuple("/".join(parts[:length]) for length in range(1, len(parts) + 1))
