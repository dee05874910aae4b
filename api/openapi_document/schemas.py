"""The components' schemas: msgspec's, tidied for the tools that make clients from them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final, TypeAlias, get_args

import msgspec
from msgspec import Struct

from api.openapi_document.field_notes import as_markdown, field_notes

Schema: TypeAlias = dict[str, Any]

REF: Final = "#/components/schemas/"
_LARGEST_INT32: Final = 2**31 - 1
_NULL: Final = {"type": "null"}


def component_schemas(read: Iterable[type[Struct]], answered: Iterable[type[Struct]]) -> dict[str, Schema]:
    """The schemas by name: of the Structs that requests bring and answers hold, and of all that these hold."""
    read, answered = _with_inner(read), _with_inner(answered)
    _, components = msgspec.json.schema_components({*read, *answered}, ref_template=REF + "{name}")
    for struct in {*read, *answered}:
        assert struct.__name__ in components, f"two Structs are called {struct.__name__}: {struct} needs another name"
        _annotate(components[struct.__name__], struct)
    for struct in set(answered) - set(read):
        components[struct.__name__] = _opened(_always_sent(components[struct.__name__]))
    return {name: tidied(components[name]) for name in sorted(components)}


def tidied(schema: Schema) -> Schema:
    """The schema without titles, with a type list or ``anyOf`` where null is allowed, and with integers' widths."""
    schema = {key: value for key, value in schema.items() if key != "title" and value not in ([], {})}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            schema[key] = tidied(schema[key])
    if "properties" in schema:
        schema["properties"] = {name: tidied(each) for name, each in schema["properties"].items()}
    variants = schema.pop("oneOf", None) or schema.pop("anyOf", None)
    if variants is not None:
        schema |= _any_of([tidied(each) for each in variants])
    if "enum" in schema:
        schema.setdefault("type", "string")
    if schema.get("type") == "integer":
        schema.setdefault("format", "int32" if schema.get("maximum", 2**63) <= _LARGEST_INT32 else "int64")
    if "default" in schema and schema["default"] is None:
        del schema["default"]
    return schema


def _always_sent(schema: Schema) -> Schema:
    """The schema of an answer, in which a field with a default is never left out."""
    required, fields = set(schema["required"]), {}
    for name, field in schema["properties"].items():
        if "default" in field:
            required.add(name)
        fields[name] = {key: value for key, value in field.items() if key != "default"}
    return {**schema, "properties": fields, "required": [name for name in fields if name in required]}


def _opened(schema: Schema) -> Schema:
    """The schema of an answer: what is one of some words today is any string, so that phones survive new words."""
    opened = dict(schema)
    if words := opened.pop("enum", None):
        listed = ", ".join(f"`{word}`" for word in words)
        opened |= {"type": "string", "examples": words[:1]}
        opened["description"] = f"{opened.get('description', '')} One of {listed}; others may come.".strip()
    if "anyOf" in opened:
        opened["anyOf"] = [_opened(each) for each in opened["anyOf"]]
    for key in ("items", "additionalProperties"):
        if isinstance(opened.get(key), dict):
            opened[key] = _opened(opened[key])
    if "properties" in opened:
        opened["properties"] = {name: _opened(each) for name, each in opened["properties"].items()}
    return opened


def _any_of(variants: Collection[Schema]) -> Schema:
    """One schema for "this or null"; ``anyOf`` where the one is a reference, or there are several."""
    others = [each for each in variants if each != _NULL]
    if len(others) == len(variants):
        return {"anyOf": others}
    if len(others) == 1 and isinstance(others[0].get("type"), str):
        nullable = {**others[0], "type": [others[0]["type"], "null"]}
        if "enum" in nullable:
            nullable["enum"] = [*nullable["enum"], None]
        return nullable
    return {"anyOf": [*others, _NULL]}


def _with_inner(structs: Iterable[type[Struct]]) -> list[type[Struct]]:
    """Each Struct once, and those that its fields hold."""
    found: dict[type[Struct], None] = {}
    waiting: list[Any] = list(structs)
    while waiting:
        annotation = waiting.pop()
        waiting.extend(get_args(annotation))
        if isinstance(annotation, type) and issubclass(annotation, Struct) and annotation not in found:
            found[annotation] = None
            waiting.extend(field.type for field in msgspec.structs.fields(annotation))
    return list(found)


def _annotate(schema: Schema, struct: type[Struct]) -> None:
    """Add what msgspec leaves out: the notes under the fields, and that an instant is one."""
    if "description" in schema:
        schema["description"] = as_markdown(schema["description"])
    notes = field_notes(struct)
    for field in msgspec.structs.fields(struct):
        described = schema["properties"][field.encode_name]
        if field.name in notes:
            described["description"] = notes[field.name]
        if datetime in (field.type, *get_args(field.type)):
            text = next(each for each in described.get("anyOf", [described]) if each.get("type") == "string")
            text["format"] = "date-time"
