"""Examples of bodies, put together from examples of their fields.

A name means the same everywhere, so what a field of that name looks like is said once, in ``example_fields.py``, unless
its own type says it. Where the parts would make no sense together, the whole stands in ``example_bodies.py``.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.openapi_document.example_bodies import BODIES
from api.openapi_document.example_fields import FIELDS
from api.openapi_document.schemas import REF, Schema

_KINDS: Final = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def example_body(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """A body that fits ``schema``."""
    return _example(schema, schemas, "")


def _example(schema: Schema, schemas: Mapping[str, Schema], name: str) -> Any:
    """What stands in a field called ``name``."""
    if "$ref" in schema:
        component = schema["$ref"].removeprefix(REF)
        return {**_example(schemas[component], schemas, component), **BODIES.get(component, {})}
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], schemas, name)
    if schema.get("examples"):
        return schema["examples"][0]
    if name in FIELDS and _may_be(FIELDS[name], schema):
        return FIELDS[name]
    if "enum" in schema:
        return schema["enum"][0]
    return _by_type(schema, schemas, name)


def _may_be(value: Any, schema: Schema) -> bool:
    """Whether a field of this schema can be of the value's type at all: a list of a name is no number of that name."""
    kinds = schema.get("type", ())
    return _KINDS[type(value)] in (kinds if isinstance(kinds, list) else [kinds])


def _by_type(schema: Schema, schemas: Mapping[str, Schema], name: str) -> Any:
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return _fields(schema, schemas)
    if kind == "array":
        return [_example(schema["items"], schemas, name)] if "items" in schema else []
    if kind == "string":
        return {"date-time": "2026-03-02T09:00:00Z", "date": "2026-03-02"}.get(schema.get("format", ""), "text")
    return {"integer": max(schema.get("minimum", 0), 1), "number": 0.5, "boolean": False}[kind]


def _fields(schema: Schema, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """The fields that have to be there; what may be left out is."""
    required = schema.get("required", ())
    return {
        name: _example(each, schemas, name) for name, each in schema.get("properties", {}).items() if name in required
    }
