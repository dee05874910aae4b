"""What differs between two programme documents, item by item as their codes say and not as they happen to stand."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec
from msgspec import Struct

from loyalty.programme.document import ProgrammeDocument


class Difference(Struct, frozen=True):
    """One difference. ``path`` names items of lists by their code: ``$.earn_rules[base].formula.points``.

    ``before`` is None for what is new, ``after`` for what is gone. A list whose items only stand in another order
    differs in the list of their codes.
    """

    path: str
    before: Any
    after: Any


def differences(before: ProgrammeDocument, after: ProgrammeDocument) -> list[Difference]:
    """Everything that ``after`` says otherwise than ``before``, in the order of the document."""
    return list(_compare(_json(before), _json(after), "$"))


def _json(document: ProgrammeDocument) -> Any:
    return msgspec.json.decode(msgspec.json.encode(document))


def _compare(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _compare(before.get(name), after.get(name), f"{path}.{name}")
    elif _has_codes(before) and _has_codes(after):
        yield from _compare_coded(before, after, path)
    elif _has_parts(before) and _has_parts(after):
        for place, (was, will_be) in enumerate(zip_longest(before, after)):
            yield from _compare(was, will_be, f"{path}[{place}]")
    else:
        yield Difference(path, before, after)


def _compare_coded(before: list[dict[str, Any]], after: list[dict[str, Any]], path: str) -> Iterator[Difference]:
    was, will_be = ({item["code"]: item for item in items} for items in (before, after))
    for code in [*was, *(code for code in will_be if code not in was)]:
        yield from _compare(was.get(code), will_be.get(code), f"{path}[{code}]")
    stayed = [code for code in was if code in will_be]
    stands = [code for code in will_be if code in was]
    if stayed != stands:
        yield Difference(path, stayed, stands)


def _has_parts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _has_codes(value: object) -> bool:
    """Whether it is a list of items that are told apart by their codes."""
    if not isinstance(value, list) or not all(isinstance(item, dict) and "code" in item for item in value):
        return False
    return len({item["code"] for item in value}) == len(value)
