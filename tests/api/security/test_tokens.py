"""Forged, foreign and stale tokens: each is refused with the same 401, whatever part of it is wrong."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.security.access import issue_member_access, issue_staff_access, issue_terminal_access
from api.security.keys import SigningKeys, add_signing_key, open_signing_keys
from api.security.member_tokens import MemberToken, issue_member_token
from api.security.tokens import STAFF_ACCESS, InvalidTokenError, issue, verify
from api.services import Services
from loyalty.models import Staff, Terminal
from tests.clocks import MovableClock
from tests.shop import Shop, bearer

OPEN_TO = {"/v1/me": "member", "/v1/pos/lookups": "terminal", "/v1/admin/development/outbox": "staff"}


def good_claims(services: Services) -> dict[str, Any]:
    now = services.clock().timestamp()
    return {
        "iss": "comeback",
        "aud": "comeback/admin",
        "sub": "somebody",
        "roles": ["owner"],
        "iat": now,
        "exp": int(now) + 600,
    }


def signed(services: Services, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A token as our own would be, but for ``changes``; a claim changed to None is left out."""
    claims = {name: value for name, value in (good_claims(services) | changes).items() if value is not None}
    key = services.signing_keys.current
    return jwt.encode(claims, key.private, key.algorithm, headers={"typ": "at+staff", "kid": key.kid} | (header or {}))


def public_pem(keys: SigningKeys) -> bytes:
    return keys.current.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hmac_with_public_key(services: Services) -> str:
    """The confusion attack: our public key taken as the secret of HS256."""
    header = {"alg": "HS256", "typ": "at+staff", "kid": services.signing_keys.current.kid}
    unsigned = by_hand(header, good_claims(services)).rsplit(".", 1)[0]
    signature = hmac.digest(public_pem(services.signing_keys), unsigned.encode(), hashlib.sha256)
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def without_algorithm(services: Services) -> str:
    header = {"alg": "none", "typ": "at+staff", "kid": services.signing_keys.current.kid}
    return by_hand(header, good_claims(services))


def with_a_key_of_the_forger(services: Services) -> str:
    return jwt.encode(
        good_claims(services),
        ec.generate_private_key(ec.SECP256R1()),
        "ES256",
        headers={"typ": "at+staff", "kid": services.signing_keys.current.kid},
    )


def with_the_forgers_key_inside(services: Services) -> str:
    forged = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(forged.public_key(), as_dict=True)
    return jwt.encode(good_claims(services), forged, "ES256", headers={"typ": "at+staff", "kid": "x", "jwk": jwk})


def with_changed_claims(services: Services) -> str:
    header, _, signature = signed(services, roles=["analyst"]).split(".")
    claims = base64.urlsafe_b64encode(json.dumps(good_claims(services)).encode()).rstrip(b"=").decode()
    return f"{header}.{claims}.{signature}"


FORGERIES: dict[str, Callable[[Services], str]] = {
    "no algorithm": without_algorithm,
    "HS256 with the public key": hmac_with_public_key,
    "another key": with_a_key_of_the_forger,
    "a key in the header": with_the_forgers_key_inside,
    "changed claims": with_changed_claims,
    "unknown kid": lambda services: signed(services, header={"kid": "nobody"}),
    "kid of another type": lambda services: signed(services, header={"kid": "../../dev/null"}),
    "truncated signature": lambda services: signed(services)[:-8],
    "no signature": lambda services: signed(services).rsplit(".", 1)[0] + ".",
    "another audience": lambda services: signed(services, aud="comeback/me"),
    "no audience": lambda services: signed(services, aud=None),
    "another issuer": lambda services: signed(services, iss="somebody"),
    "another type": lambda services: signed(services, header={"typ": "at+member"}),
    "no type": lambda services: signed(services, header={"typ": "JWT"}),
    "expired": lambda services: signed(services, exp=int(services.clock().timestamp()) - 6),
    "no expiry": lambda services: signed(services, exp=None),
    "expiry that is a text": lambda services: signed(services, exp="9999999999"),
    "expiry that is infinite": lambda services: signed(services, exp=float("inf")),
    "not yet valid": lambda services: signed(services, nbf=int(services.clock().timestamp()) + 60),
    "issued in the future": lambda services: signed(services, iat=services.clock().timestamp() + 60),
    "no subject": lambda services: signed(services, sub=None),
    "roles that are no list": lambda services: signed(services, roles=7),
    "empty": lambda _: "",
    "not a token": lambda _: "a.b.c",
    "not ASCII": lambda _: "ключ",
    "very long": lambda _: "a" * 5_000,
}


async def test_a_token_of_ours_opens_its_part(client: httpx.AsyncClient, services: Services) -> None:
    answer = await client.get("/v1/admin/development/outbox", headers=bearer(signed(services)))
    assert answer.status_code == 200


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_opens_nothing(client: httpx.AsyncClient, services: Services, forgery: str) -> None:
    token = FORGERIES[forgery](services)
    headers = {b"Authorization": f"Bearer {token}".encode()}
    answer = await client.get("/v1/admin/development/outbox", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "bearer"])
async def test_without_a_bearer_token_nothing_opens(client: httpx.AsyncClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert (await client.get("/v1/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("path", OPEN_TO)
async def test_a_token_opens_its_own_part_alone(client: httpx.AsyncClient, services: Services, path: str) -> None:
    now, keys = services.clock(), services.signing_keys
    terminal = Terminal(
        terminal_id="t", store_id="s", name="t", kind="till", training=False, acts_for=[], created_at=now
    )
    staff = Staff(staff_id="p", email="p@example.com", name="p", password_hash="", roles=["owner"], created_at=now)
    sale = MemberToken(member_id=1, terminal_id="t", identified_by="qr", proof="qr")
    tokens = {
        "member": issue_member_access(keys, 1, "session", now=now).token,
        "terminal": issue_terminal_access(keys, terminal, "key", now=now).token,
        "staff": issue_staff_access(keys, staff, now=now).token,
        "sale": issue_member_token(keys, sale, now=now),
    }
    for kind, token in tokens.items():
        answer = await client.request("POST" if "pos" in path else "GET", path, headers=bearer(token), json={})
        assert (answer.status_code != 401) is (kind == OPEN_TO[path]), (kind, answer.text)


async def test_a_token_ends_even_when_it_was_seen_before(
    client: httpx.AsyncClient, shop: Shop, clock: MovableClock
) -> None:
    till = await shop.till()
    body = {"phone": "+79990000099"}
    assert (await client.post("/v1/pos/lookups", headers=till.headers, json=body)).status_code == 404
    clock.advance(hours=1, seconds=6)
    assert (await client.post("/v1/pos/lookups", headers=till.headers, json=body)).status_code == 401


async def test_an_old_key_verifies_until_it_is_taken_away(services: Services, tmp_path: Path) -> None:
    path, now = tmp_path / "keys" / "signing.json", services.clock()
    before = open_signing_keys(path)
    token = issue(before, STAFF_ACCESS, "somebody", {}, now=now)
    new_kid = add_signing_key(path)
    after = open_signing_keys(path)
    assert after.current.kid == new_kid != before.current.kid
    assert verify(after, STAFF_ACCESS, token, now=now)["sub"] == "somebody"
    with pytest.raises(InvalidTokenError):
        verify(open_signing_keys(tmp_path / "others.json"), STAFF_ACCESS, token, now=now + timedelta(seconds=1))
    assert path.stat().st_mode & 0o777 == 0o600


async def test_the_public_keys_show_nothing_private(client: httpx.AsyncClient, services: Services) -> None:
    answer = await client.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert key["kid"] == services.signing_keys.current.kid
    assert set(key) == {"kty", "crv", "x", "y", "alg", "use", "kid"}
