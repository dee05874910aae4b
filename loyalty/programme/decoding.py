"""Programme documents in and out: YAML for people, JSON objects for programs."""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from kernel.errors import UnprocessableError
from loyalty.programme.document import ProgrammeDocument
from loyalty.programme.yaml import YamlUnreadableError, read_yaml

_YAML_WIDTH = 110


class ProgrammeUnreadableError(UnprocessableError):
    """Not a programme document: a member is unknown, missing or of another type, or it is no YAML."""

    code = "programme_unreadable"
    title = "This is no programme document."

    def __init__(self, message: str, *, path: str = "$", line: int = 0, column: int = 0) -> None:
        super().__init__(message, path=path, line=line, column=column)


def decode_programme(source: Mapping[str, Any]) -> ProgrammeDocument:
    """The document from decoded JSON. Raises ``ProgrammeUnreadableError`` with the JSON path of the first mistake."""
    try:
        return msgspec.convert(source, ProgrammeDocument)
    except msgspec.ValidationError as refusal:
        message, _, place = str(refusal).partition(" - at ")
        raise ProgrammeUnreadableError(message, path=place.strip("`") or "$") from None


def decode_programme_yaml(text: str) -> ProgrammeDocument:
    """The document from YAML. Raises ``ProgrammeUnreadableError``, with line and column where the YAML is broken."""
    try:
        source = read_yaml(text)
    except YamlUnreadableError as broken:
        raise ProgrammeUnreadableError(str(broken), line=broken.line, column=broken.column) from None
    return decode_programme(source)


def encode_programme(document: ProgrammeDocument) -> dict[str, Any]:
    """The document as JSON values, every member written out."""
    encoded: dict[str, Any] = msgspec.to_builtins(document)
    return encoded


def encode_programme_yaml(document: ProgrammeDocument) -> str:
    """The document as YAML that ``decode_programme_yaml`` reads back to the same document."""
    builtins = msgspec.to_builtins(document)
    return str(yaml.safe_dump(builtins, sort_keys=False, allow_unicode=True, width=_YAML_WIDTH))
