"""The keys that sign tokens: a JWK Set in a file, of which the first key signs and all verify.

Rotation puts a new key first (``add_signing_key``); the old ones stay until every token they signed has expired.
Each key has one fixed algorithm (RFC 8725, 3.1): ES256 for the keys made here, EdDSA where an operator brings one.
"""

import base64
import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm
from msgspec import Struct

ALGORITHMS: Final = frozenset({"ES256", "EdDSA"})
_KEPT_KEYS: Final = 4
_PUBLIC_MEMBERS: Final = ("kty", "crv", "x", "y", "alg", "kid", "use")

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class InvalidKeyFileError(Exception):
    """The key file cannot be used as it is. It says which part, never its content."""


class SigningKey(Struct, frozen=True):
    """A private key with its public half and the only algorithm it is ever used with."""

    kid: str
    algorithm: str
    private: PrivateKey
    public: PublicKey
    public_jwk: dict[str, str]


class SigningKeys:
    """The keys of one installation, the signing one first."""

    def __init__(self, keys: tuple[SigningKey, ...]) -> None:
        if not keys:
            raise InvalidKeyFileError("the key set is empty")
        self.current = keys[0]
        self._by_kid = {key.kid: key for key in keys}

    def find(self, kid: object) -> SigningKey | None:
        """The key a token names, or None for anything else, whatever its type."""
        return self._by_kid.get(kid) if isinstance(kid, str) else None

    def public_jwks(self) -> dict[str, list[dict[str, str]]]:
        """The JWK Set (RFC 7517) for those who verify our tokens; it holds no private member."""
        return {"keys": [key.public_jwk for key in self._by_kid.values()]}


def open_signing_keys(path: Path) -> SigningKeys:
    """The keys in ``path``, which is made with one fresh key (mode 0600) when it is absent."""
    make_secret_file(path, lambda: json.dumps({"keys": [_new_jwk()]}))
    return SigningKeys(tuple(_signing_key(jwk) for jwk in _read_jwks(path)))


def add_signing_key(path: Path) -> str:
    """Put a fresh key first and return its ``kid``. Running servers use it after their next start."""
    jwk = _new_jwk()
    document = json.dumps({"keys": [jwk, *_read_jwks(path)][:_KEPT_KEYS]})
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    _write_secret(beside, document)
    beside.replace(path)
    return jwk["kid"]


def open_lookup_key(path: Path) -> bytes:
    """The 32 bytes in ``path`` (hex), made when absent. Losing them orphans every card, phone and e-mail."""
    make_secret_file(path, lambda: secrets.token_hex(32))
    return parse_lookup_key(path.read_text())


def parse_lookup_key(text: str) -> bytes:
    """The 32 bytes that 64 hex digits stand for."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidKeyFileError("the lookup key must be 64 hex digits")
    return key


def make_secret_file(path: Path, content: Any) -> None:
    """Write ``content()`` to ``path`` unless it exists. Of two processes that try at once, one wins for both.

    The file is written beside and linked into place, so that nobody ever reads half a key.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    _write_secret(beside, content())
    try:
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def _write_secret(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)


def _read_jwks(path: Path) -> list[dict[str, str]]:
    try:
        keys = json.loads(path.read_text())["keys"]
    except (ValueError, KeyError, TypeError):
        raise InvalidKeyFileError(f"{path.name} is not a JWK Set") from None
    return list(keys)


def _signing_key(jwk: dict[str, str]) -> SigningKey:
    if jwk.get("alg") not in ALGORITHMS or "d" not in jwk:
        raise InvalidKeyFileError("each signing key needs its private part and alg ES256 or EdDSA")
    private = PyJWK.from_dict(jwk).key
    public_jwk: dict[str, str] = {name: jwk[name] for name in _PUBLIC_MEMBERS if name in jwk}
    kid = public_jwk.setdefault("kid", _thumbprint(jwk))
    return SigningKey(kid, jwk["alg"], private, private.public_key(), public_jwk)


def _new_jwk() -> dict[str, str]:
    jwk = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    jwk.pop("key_ops", None)
    return {**jwk, "alg": "ES256", "use": "sig", "kid": _thumbprint(jwk)}


def _thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638: the same key has the same id wherever it is written."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y") if name in jwk}
    digest = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
