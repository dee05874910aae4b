"""The whole document, and the one way to write it down."""

import json
from typing import Any, Final

from litestar import Litestar

from api.documented import Problem
from api.openapi_document.audiences import security_schemes
from api.openapi_document.headers import HEADERS
from api.openapi_document.operations import described_operation
from api.openapi_document.refusals import refusal_components
from api.openapi_document.routes import documented_routes
from api.openapi_document.schemas import component_schemas
from api.openapi_document.tags import tag_objects

_INFO: Final = {
    "title": "Comeback",
    "version": "1.0.0",
    "summary": "Loyalty points for tills, phones, staff and systems.",
    "description": (
        "Amounts are integers in minor units, points are integers, instants are RFC 3339 in UTC.\n\n"
        "Within `/v1` things are only added: ignore members of an answer that you do not know. Unknown members of a "
        "request are refused. A refusal is a problem document (RFC 9457) with a stable `code`.\n\n"
        "Send what changes something with an `Idempotency-Key`: the same key and body get the same answer, byte for "
        "byte. Every answer carries `X-Request-Id`; send your own to find a request in our logs."
    ),
    "contact": {"name": "Comeback"},
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
}


def openapi_document(app: Litestar) -> dict[str, Any]:
    """OpenAPI 3.1 of every route that belongs to the contract. The same routes give the same document."""
    generated = app.openapi_schema.to_schema()
    routes = list(documented_routes(app))
    schemas = component_schemas(
        read={struct for route in routes for struct in route.read},
        answered={Problem, *(struct for route in routes for struct in route.answered)},
    )
    schemas["Problem"]["additionalProperties"] = True  # the facts of the case
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = described_operation(generated["paths"][route.path][route.method], route, schemas)
        paths.setdefault(route.path, {})[route.method] = operation
    operations = [operation for methods in paths.values() for operation in methods.values()]
    statuses = {int(status) for operation in operations for status in operation["responses"]}
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/", "description": "Where this document is served."}],
        "tags": tag_objects({tag for operation in operations for tag in operation["tags"]}),
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(routes),
            "headers": HEADERS,
            "responses": refusal_components(statuses),
            "schemas": schemas,
        },
    }


def written(document: dict[str, Any]) -> str:
    """The document as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
