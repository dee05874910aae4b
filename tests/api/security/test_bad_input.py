"""Malformed requests are told so, on every way in, and leave nothing behind."""

from typing import Any

import httpx
import pytest

from tests.shop import Shop

NESTED = b"[" * 10_000 + b"]" * 10_000
NO_JSON = {
    "empty": b"",
    "not JSON": b"phone=1",
    "cut": b'{"phone": "+7999',
    "nested": NESTED,
    "nested inside": b'{"phone": ' + NESTED + b"}",
    "not UTF-8": b'{"phone": "\xff"}',
    "a lone surrogate": b'{"phone": "\\ud800"}',
    "a list": b"[]",
    "null": b"null",
    "twice as large as a number": b'{"phone": ' + b"9" * 4_000 + b"}",
}
KEY = {"Idempotency-Key": "key"}
WITH_A_BODY = [
    "/v1/auth/codes",
    "/v1/auth/sessions",
    "/v1/auth/refreshes",
    "/v1/pos/sessions",
    "/v1/pos/cashier-sessions",
    "/v1/pos/lookups",
    "/v1/pos/registrations",
    "/v1/pos/proof-codes",
    "/v1/pos/proofs",
    "/v1/admin/sessions",
]
NUL = "a\u0000"
NUL_INSIDE: list[tuple[str, dict[str, Any]]] = [
    ("/v1/auth/codes", {"email": f"{NUL}@example.com"}),
    ("/v1/auth/sessions", {"code_id": NUL, "code": "000000", "phone": "+79990000001"}),
    ("/v1/auth/refreshes", {"refresh_token": "cbr_1-1-00." + NUL + ".x"}),
    ("/v1/pos/sessions", {"key": NUL}),
    ("/v1/pos/cashier-sessions", {"cashier_id": NUL, "pin": "0000"}),
    ("/v1/pos/lookups", {"qr": NUL}),
    ("/v1/pos/lookups", {"card": f"1234{NUL}"}),
    ("/v1/pos/lookups", {"external_system": NUL, "external_id": NUL}),
    ("/v1/pos/registrations", {"phone": "+79990000001", "name": NUL}),
    (
        "/v1/pos/registrations",
        {
            "phone": "+79990000001",
            "consents": [{"purpose": NUL, "channel": "sms", "granted": True, "text_version": "1"}],
        },
    ),
    ("/v1/pos/proofs", {"member_token": NUL, "code_id": "x", "code": "000000"}),
    ("/v1/admin/sessions", {"email": "a@example.com", "password": NUL}),
]


@pytest.mark.parametrize("content", NO_JSON)
@pytest.mark.parametrize("path", WITH_A_BODY)
async def test_a_body_that_is_none_is_malformed(client: httpx.AsyncClient, shop: Shop, path: str, content: str) -> None:
    headers = (await shop.till()).headers | KEY | {"Content-Type": "application/json"}
    answer = await client.post(path, headers=headers, content=NO_JSON[content])
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


@pytest.mark.parametrize(("path", "body"), NUL_INSIDE)
async def test_a_text_that_postgresql_cannot_hold_is_refused(
    client: httpx.AsyncClient, shop: Shop, path: str, body: dict[str, Any]
) -> None:
    answer = await client.post(path, headers=(await shop.till()).headers | KEY, json=body)
    assert answer.status_code in (400, 403, 422), answer.text


@pytest.mark.parametrize("path", WITH_A_BODY)
async def test_a_body_above_a_mebibyte_is_too_large(client: httpx.AsyncClient, shop: Shop, path: str) -> None:
    body = b'{"phone": "' + b"9" * 1024 * 1024 + b'"}'
    headers = (await shop.till()).headers | KEY | {"Content-Type": "application/json"}
    answer = await client.post(path, headers=headers, content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("given", ["abc-123", "", "a b", "x" * 129, "a\nb"])
async def test_a_request_id_is_echoed_when_it_is_plain_and_made_otherwise(
    client: httpx.AsyncClient, given: str
) -> None:
    answer = await client.get("/v1/nothing/here", headers={"X-Request-Id": given.replace("\n", "%0a")})
    echoed = answer.headers["x-request-id"]
    assert answer.status_code == 404
    assert (echoed == given) is (given == "abc-123")
    assert len(echoed) == (7 if given == "abc-123" else 32)
