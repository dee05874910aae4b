"""What an item of the catalogue must be like, however it comes in. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from loyalty.catalogue import CatalogueEntry
from loyalty.programme.languages import is_language

LONGEST_SKU: Final = 64
LONGEST_NAME: Final = 500
LONGEST_CATEGORY: Final = 256
LONGEST_BRAND: Final = 128
LONGEST_TAG: Final = 64
MOST_NAMES: Final = 50
MOST_TAGS: Final = 50
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


def entry_problems(entry: CatalogueEntry) -> Iterator[tuple[str, str]]:
    """Everything that is wrong with ``entry``, as (field, message)."""
    if not entry.sku or len(entry.sku) > LONGEST_SKU or "/" in entry.sku or _CONTROL.search(entry.sku):
        yield "sku", f"has 1 to {LONGEST_SKU} printable characters and no slash"
    yield from _name_problems(entry.names)
    if not _is_line(entry.category, LONGEST_CATEGORY):
        yield "category", f"has at most {LONGEST_CATEGORY} printable characters"
    elif entry.category and "" in entry.category.split("/"):
        yield "category", "has an empty step between slashes"
    if not _is_line(entry.brand, LONGEST_BRAND):
        yield "brand", f"has at most {LONGEST_BRAND} printable characters"
    if len(entry.tags) > MOST_TAGS or not all(tag and _is_line(tag, LONGEST_TAG) for tag in entry.tags):
        yield "tags", f"are at most {MOST_TAGS}, of 1 to {LONGEST_TAG} printable characters each"


def _name_problems(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    if len(names) > MOST_NAMES:
        yield "names", f"are at most {MOST_NAMES}"
        return
    for language, name in names.items():
        if not is_language(language):
            yield f"name:{language}"[:80], "is in no known language"
        elif not name or not _is_line(name, LONGEST_NAME):
            yield f"name:{language}", f"has 1 to {LONGEST_NAME} printable characters"


def _is_line(text: str, longest: int) -> bool:
    return len(text) <= longest and _CONTROL.search(text) is None
