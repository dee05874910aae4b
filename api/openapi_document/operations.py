"""One operation: Litestar's, with what its route's guards and helpers add, and examples."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from api.openapi_document.audiences import permission_note, security_of
from api.openapi_document.examples import example_body
from api.openapi_document.headers import IF_NONE_MATCH, header_references
from api.openapi_document.parameters import described_parameter
from api.openapi_document.refusals import refusal_reference
from api.openapi_document.routes import DocumentedRoute
from api.openapi_document.schemas import Schema, tidied
from api.problems import PROBLEM_MEDIA_TYPE

_DESCRIPTIONS: Final = {200: "Done.", 201: "Done.", 202: "Under way.", 204: "Done; there is nothing to say."}


def described_operation(
    generated: Mapping[str, Any], route: DocumentedRoute, schemas: Mapping[str, Schema]
) -> dict[str, Any]:
    """The operation as it stands in the document."""
    operation: dict[str, Any] = {key: generated[key] for key in ("tags", "summary")}
    notes = [note for note in (generated.get("description"), permission_note(route)) if note]
    if notes:
        operation["description"] = "\n\n".join(notes)
    operation["operationId"] = generated["operationId"]
    operation["security"] = security_of(route)
    parameters = [described_parameter(each) for each in generated.get("parameters", ())]
    if "304" in generated["responses"]:
        parameters.append(IF_NONE_MATCH)
    if parameters:
        operation["parameters"] = parameters
    if "requestBody" in generated:
        body = generated["requestBody"]
        operation["requestBody"] = {"required": True, "content": _content(body["content"], schemas)}
    operation["responses"] = {
        status: _response(int(status), generated["responses"], route, schemas)
        for status in sorted(generated["responses"])
    }
    return operation


def _response(
    status: int, generated: Mapping[str, Any], route: DocumentedRoute, schemas: Mapping[str, Schema]
) -> dict[str, Any]:
    response = generated[str(status)]
    if PROBLEM_MEDIA_TYPE in response.get("content", {}):
        return refusal_reference(status)
    headers = ["ETag", "Cache-Control"] if status in (200, 304) and "304" in generated else []
    if route.rate_limited:
        headers += ["RateLimit", "RateLimit-Policy"]
    says_nothing = response["description"] == HTTPStatus(status).description
    description = _DESCRIPTIONS[status] if says_nothing else response["description"]
    described: dict[str, Any] = {"description": description, "headers": header_references(*headers)}
    if response.get("content") and status not in (204, 304):
        described["content"] = _content(response["content"], schemas)
    return described


def _content(generated: Mapping[str, Any], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    content = {}
    for media_type, body in generated.items():
        schema = tidied(body["schema"])
        content[media_type] = {"schema": schema, "example": example_body(schema, schemas)}
    return content
