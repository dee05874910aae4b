"""Parts whose ``kind`` says which of their other members count."""

from collections.abc import Mapping

import msgspec

from loyalty.programme.checks.names import check_known
from loyalty.programme.part import Part
from loyalty.programme.problems import Problems, ProgrammeProblem


def check_kind(part: Part, kind: str, members_by_kind: Mapping[str, tuple[str, ...]], path: str) -> Problems:
    """``kind`` is known, and only members of that kind differ from their default."""
    yield from check_known(kind, members_by_kind, f"{path}.kind", "unknown_kind")
    if kind not in members_by_kind:
        return
    for field in msgspec.structs.fields(part):
        if field.name != "kind" and field.name not in members_by_kind[kind]:
            value = getattr(part, field.name)
            if value != field.default:
                yield ProgrammeProblem(f"{path}.{field.name}", "not_for_this_kind", f"does nothing for {kind!r}")
