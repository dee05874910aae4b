"""Programme documents in and out: YAML for people, JSON objects for programs."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import yaml

from kernel.errors import UnprocessableError
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.problems import ProgrammeProblem
from loyalty.programme.salvage import Salvaged
from loyalty.programme.yaml import YamlUnreadableError, read_yaml
from loyalty.programme.yaml_places import YamlPlaces

_YAML_WIDTH = 110


class ProgrammeUnreadableError(UnprocessableError):
    """Not a programme document: members are unknown, missing or of another type, or it is no YAML.

    ``problems`` has all of them; ``path``, ``line`` and ``column`` are those of the first.
    """

    code = "programme_unreadable"
    title = "This is no programme document."

    def __init__(self, problems: Sequence[ProgrammeProblem]) -> None:
        first = problems[0]
        super().__init__(
            first.message,
            path=first.path,
            line=first.line,
            column=first.column,
            problems=msgspec.to_builtins(list(problems)),
        )
        self.problems = tuple(problems)


def decode_programme(source: Mapping[str, Any]) -> ProgrammeDocument:
    """The document from decoded JSON. Raises ``ProgrammeUnreadableError``."""
    try:
        return msgspec.convert(source, ProgrammeDocument)
    except msgspec.ValidationError:
        raise ProgrammeUnreadableError(Salvaged(source, ProgrammeDocument).problems) from None


def decode_programme_yaml(text: str) -> ProgrammeDocument:
    """The document from YAML. Raises ``ProgrammeUnreadableError``, with the line and column of each problem."""
    try:
        return decode_programme(read_yaml(text))
    except YamlUnreadableError as broken:
        raise ProgrammeUnreadableError([broken_yaml(broken)]) from None
    except ProgrammeUnreadableError as refusal:
        places = YamlPlaces(text)
        raise ProgrammeUnreadableError([places.placed(problem) for problem in refusal.problems]) from None


def broken_yaml(broken: YamlUnreadableError) -> ProgrammeProblem:
    """The problem of a text that cannot be read as YAML."""
    return ProgrammeProblem("$", "unreadable", str(broken), broken.line, broken.column)


def encode_programme(document: ProgrammeDocument) -> dict[str, Any]:
    """The document as JSON values, every member written out."""
    encoded: dict[str, Any] = msgspec.to_builtins(document)
    return encoded


def encode_programme_yaml(document: ProgrammeDocument) -> str:
    """The document as YAML that ``decode_programme_yaml`` reads back to the same document."""
    builtins = msgspec.to_builtins(document)
    return str(yaml.safe_dump(builtins, sort_keys=False, allow_unicode=True, width=_YAML_WIDTH))
