"""The contract: the committed document is what the routes say, and it is what clients can be made from."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from api.app import create_app
from api.openapi_document.audiences import SCHEME_OF_ROOT
from api.openapi_document.document import openapi_document, written
from api.openapi_document.routes import DocumentedRoute, documented_routes
from api.openapi_document.tags import TAGS
from kernel.settings import Settings

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"
UNREFUSED = {"getJwks"}
"""Operations that nothing can be wrong with."""

APP = create_app(Settings())
ROUTES = list(documented_routes(APP))
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi_document(APP)


def operation_of(document: dict[str, Any], route: DocumentedRoute) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][route.path][route.method]
    return operation


def parts(part: object) -> Iterator[dict[str, Any]]:
    """Every object within a part of the document."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from parts(each)


def test_the_committed_document_is_what_the_routes_say(document: dict[str, Any]) -> None:
    assert COMMITTED.read_text(encoding="utf-8") == written(document), "run `make openapi` and commit the result"


def test_two_applications_have_the_same_document(document: dict[str, Any]) -> None:
    assert written(openapi_document(create_app(Settings()))) == written(document)


def test_no_pattern_lets_a_last_line_break_pass_that_it_forbids_elsewhere(document: dict[str, Any]) -> None:
    """JSON Schema's ``$`` is the end of the text; Python's is also the place before a last line break."""
    patterns = {part["pattern"] for part in parts(document) if isinstance(part.get("pattern"), str)}
    forbidding = {pattern for pattern in patterns if not re.search(pattern, "a\nb")}
    assert [pattern for pattern in forbidding if not pattern.endswith(r"$(?!\n)")] == []
    assert forbidding


def test_nothing_is_one_of_several(document: dict[str, Any]) -> None:
    assert not [part for part in parts(document) if "oneOf" in part]


def test_objects_are_flat_and_told_apart_by_a_word(document: dict[str, Any]) -> None:
    assert not [part for part in parts(document) if {"allOf", "discriminator"} & part.keys()]


def test_operation_ids_are_unique_and_in_camel_case(document: dict[str, Any]) -> None:
    names = [operation_of(document, route)["operationId"] for route in ROUTES]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch("[a-z]+([A-Z][a-z]+)*", name)] == []


def test_every_tag_is_described(document: dict[str, Any]) -> None:
    used = {tag for route in ROUTES for tag in operation_of(document, route)["tags"]}
    assert used <= TAGS.keys(), "describe it in api/openapi_document/tags.py"


@each_route
def test_its_parameters_say_what_they_are(document: dict[str, Any], route: DocumentedRoute) -> None:
    declared = operation_of(document, route).get("parameters", [])
    assert [each["name"] for each in declared if "$ref" not in each and not each.get("description")] == []


def test_an_answers_vocabulary_may_grow(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    read = {struct.__name__ for route in ROUTES for struct in route.read}
    closed = {name for name, schema in schemas.items() for part in parts(schema) if "enum" in part}
    answered = {struct.__name__ for route in ROUTES for struct in route.answered} - read
    assert not closed & answered


@each_route
def test_it_says_who_may_call_it(document: dict[str, Any], route: DocumentedRoute) -> None:
    security = operation_of(document, route)["security"]
    assert security == ([] if route.public else [{SCHEME_OF_ROOT[route.audience_root]: []}])


@each_route
def test_it_documents_the_refusals_that_its_guards_and_parameters_lead_to(
    document: dict[str, Any], route: DocumentedRoute
) -> None:
    operation = operation_of(document, route)
    expected = {"400", "503"} if operation["operationId"] not in UNREFUSED else set()
    expected |= {"401"} if not route.public else set()
    expected |= {"403"} if route.permissions else set()
    expected |= {"404"} if "{" in route.path else set()
    expected |= {"413"} if "requestBody" in operation else set()
    expected |= {"429"} if route.rate_limited else set()
    takes_key = any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    expected |= {"422"} if takes_key else set()
    assert expected <= operation["responses"].keys()
    assert [status for status in operation["responses"] if status[0] in "123"], "it documents no success"


@each_route
def test_its_bodies_have_examples_that_fit(document: dict[str, Any], route: DocumentedRoute) -> None:
    operation = operation_of(document, route)
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    bodies += [response for status, response in operation["responses"].items() if status[0] == "2"]
    for body in bodies:
        for content in body.get("content", {}).values():
            schema = {**content["schema"], "components": document["components"]}
            jsonschema_rs.validate(schema, content["example"])
            assert content["example"] or content["schema"].get("type") == "object", "an empty example shows nothing"


@each_route
def test_its_request_is_read_as_its_example_shows_it(document: dict[str, Any], route: DocumentedRoute) -> None:
    body = operation_of(document, route).get("requestBody")
    if body is None or "application/json" not in body["content"]:
        return
    assert route.handler.parsed_data_field is not None
    example = json.dumps(body["content"]["application/json"]["example"])
    read = msgspec.json.decode(example, type=route.handler.parsed_data_field.annotation)
    assert read is not None


def test_every_refusal_has_an_example_that_fits(document: dict[str, Any]) -> None:
    responses = document["components"]["responses"]
    assert responses
    for response in responses.values():
        (content,) = response["content"].values()
        jsonschema_rs.validate({**content["schema"], "components": document["components"]}, content["example"])
