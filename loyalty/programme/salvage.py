"""Reading as much of a document as can be read, so that one look tells everything that is wrong with it.

The decoder stops at its first mistake. Here each part is decoded by itself: what cannot be read is told and left out,
with the whole item of a list where the part could not be left out alone.
"""

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from loyalty.programme.paths import path_of, steps_of
from loyalty.programme.problems import ProgrammeProblem

_GONE = object()
Steps = tuple[str | int, ...]


class Salvaged:
    """What was readable of ``source``, and the problems of what was not."""

    def __init__(self, source: object, wanted: Any) -> None:
        """``wanted``: the type of the whole, a Struct."""
        self.problems: list[ProgrammeProblem] = []
        self._kept: dict[Steps, list[int]] = {}
        values = self._read(source, wanted, (), ())
        self.value: Any = None if values is _GONE else msgspec.convert(values, wanted)
        """None where too little could be read."""

    def original_path(self, path: str) -> str:
        """Where ``path`` of ``value`` stands in the source, in which items of lists have not been left out."""
        steps = steps_of(path)
        original: list[str | int] = []
        for place, step in enumerate(steps):
            kept = self._kept.get(tuple(steps[:place]))
            original.append(kept[step] if kept is not None and isinstance(step, int) else step)
        return path_of(original)

    def _read(self, source: object, wanted: Any, at: Steps, now_at: Steps) -> object:
        """The readable part of ``source``, which stands ``at`` there and will stand ``now_at``."""
        try:
            msgspec.convert(source, wanted)
        except msgspec.ValidationError as refusal:
            return self._take_apart(source, _plain(source, wanted), at, now_at, str(refusal))
        return source

    def _take_apart(self, source: object, wanted: Any, at: Steps, now_at: Steps, message: str) -> object:
        found = len(self.problems)
        if isinstance(wanted, type) and issubclass(wanted, Struct) and isinstance(source, dict):
            left = self._read_struct(source, wanted, at, now_at)
        elif get_origin(wanted) is tuple and isinstance(source, list):
            left = self._read_list(source, get_args(wanted)[0], at, now_at)
        elif get_origin(wanted) is dict and isinstance(source, dict):
            left = self._read_names(source, get_args(wanted)[1], at, now_at)
        else:
            left = _GONE
        if len(self.problems) == found:
            self._note(at, message)
            return _GONE
        return left

    def _read_struct(self, source: dict[str, Any], wanted: type[Struct], at: Steps, now_at: Steps) -> object:
        left: dict[str, Any] = {}
        whole = True
        fields = {field.encode_name: field for field in msgspec.structs.fields(wanted)}
        for name in source.keys() - fields.keys():
            self._note((*at, name), f"is no member of this part; it has: {', '.join(fields)}", code="unknown_member")
        for name, field in fields.items():
            optional = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
            if name in source:
                value = self._read(source[name], field.type, (*at, name), (*now_at, name))
                if value is not _GONE:
                    left[name] = value
                whole = whole and (value is not _GONE or optional)
            elif not optional:
                self._note((*at, name), "is missing", code="missing")
                whole = False
        return left if whole else _GONE

    def _read_list(self, source: list[Any], wanted: Any, at: Steps, now_at: Steps) -> object:
        left: list[Any] = []
        kept: list[int] = []
        for place, item in enumerate(source):
            value = self._read(item, wanted, (*at, place), (*now_at, len(left)))
            if value is not _GONE:
                left.append(value)
                kept.append(place)
        self._kept[now_at] = kept
        return left

    def _read_names(self, source: dict[str, Any], wanted: Any, at: Steps, now_at: Steps) -> object:
        read = {name: self._read(item, wanted, (*at, name), (*now_at, name)) for name, item in source.items()}
        return {name: value for name, value in read.items() if value is not _GONE}

    def _note(self, at: Steps, message: str, *, code: str = "unreadable") -> None:
        message, _, inside = message.partition(" - at ")
        deeper = steps_of(inside.strip("`")) if inside else []
        self.problems.append(ProgrammeProblem(path_of((*at, *deeper)), code, message))


def _plain(source: object, wanted: Any) -> Any:
    """``wanted`` without what says nothing about its parts: ``Annotated``, and the alternative ``None``."""
    if get_origin(wanted) is Annotated:
        return _plain(source, get_args(wanted)[0])
    if get_origin(wanted) in (Union, UnionType) and source is not None:
        choices = [choice for choice in get_args(wanted) if choice is not NoneType]
        return _plain(source, choices[0]) if len(choices) == 1 else wanted
    return wanted
