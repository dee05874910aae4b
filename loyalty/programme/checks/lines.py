"""Lists of names that pick lines."""

import msgspec

from loyalty.programme.checks.names import check_known
from loyalty.programme.problems import Problems, ProgrammeProblem
from loyalty.programme.rules import LINE_KINDS, LineNames


def check_lines(names: LineNames, path: str) -> Problems:
    """Names are not empty, categories are paths, kinds are known."""
    for field in msgspec.structs.fields(names):
        for place, name in enumerate(getattr(names, field.name)):
            if not name.strip():
                yield ProgrammeProblem(f"{path}.{field.name}[{place}]", "empty_text", "is empty")
    for place, category in enumerate(names.categories):
        if category and "" in category.split("/"):
            yield ProgrammeProblem(
                f"{path}.categories[{place}]", "bad_category", f"{category!r} has an empty step between slashes"
            )
    for place, kind in enumerate(names.kinds):
        yield from check_known(kind, LINE_KINDS, f"{path}.kinds[{place}]", "unknown_line_kind")
