"""Signed tokens (JWT, RFC 7519, by the rules of RFC 8725): issued and verified in this file alone.

A token is good for one purpose: each ``TokenType`` has its own ``typ`` and ``aud``, and both are compared. The
algorithm is the key's, whatever the token says. Time is an argument, so that tests can move it.
"""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from jwt.types import Options
from msgspec import Struct

from api.security.keys import SigningKeys

ISSUER: Final = "comeback"
LEEWAY: Final = timedelta(seconds=5)
"""Our own servers' clocks may differ by so much."""
_LONGEST_TOKEN_CHARACTERS: Final = 7_680
"""A hub's token names its terminals (``loyalty.terminals``). Proxies commonly refuse a header of 8 KiB."""
_REQUIRED: Final = ("iss", "aud", "exp", "iat", "sub")
_CHECKS: Final[Options] = {"require": list(_REQUIRED), "verify_exp": False, "verify_nbf": False, "verify_iat": False}
"""PyJWT would compare the times with its own clock; ``_check_time`` compares them with ours."""


class TokenType(Struct, frozen=True):
    """One purpose of tokens."""

    typ: str
    audience: str
    lifetime: timedelta


MEMBER_ACCESS: Final = TokenType("at+member", "comeback/me", timedelta(minutes=15))
TERMINAL_ACCESS: Final = TokenType("at+terminal", "comeback/pos", timedelta(hours=1))
CASHIER_ACCESS: Final = TokenType("at+terminal", "comeback/pos", timedelta(hours=12))
"""A terminal's token that names the cashier too: as long as a shift, since nobody types a PIN every hour."""
STAFF_ACCESS: Final = TokenType("at+staff", "comeback/admin", timedelta(hours=8))
MEMBER_AT_TILL: Final = TokenType("sale+member", "comeback/sale", timedelta(minutes=30))
"""A member who was identified at a till. It is no access token: it stands in bodies, beside a terminal's."""

QUOTE: Final = TokenType("quote", "comeback/quote", timedelta(days=1))
"""Which programme version a till was quoted; the programme itself says for how long it is honoured."""


class InvalidTokenError(Exception):
    """Not a token of ours for this purpose and this time. The reason is for logs, not for the bearer."""


def issue(
    keys: SigningKeys, token_type: TokenType, subject: str, claims: Mapping[str, object], *, now: datetime
) -> str:
    """A token of ``token_type`` about ``subject``, good from ``now`` for the type's lifetime."""
    key = keys.current
    payload = {
        **claims,
        "iss": ISSUER,
        "aud": token_type.audience,
        "sub": subject,
        # With its fraction, so that a revocation in the same second does not hit a token issued after it.
        "iat": now.timestamp(),
        "exp": int((now + token_type.lifetime).timestamp()),
    }
    return jwt.encode(payload, key.private, key.algorithm, headers={"typ": token_type.typ, "kid": key.kid})


def verify(keys: SigningKeys, token_type: TokenType, token: str, *, now: datetime) -> dict[str, Any]:
    """The claims of ``token``. Raises ``InvalidTokenError`` for whatever is wrong with it."""
    if len(token) > _LONGEST_TOKEN_CHARACTERS:
        raise InvalidTokenError("too long")
    try:
        header = jwt.get_unverified_header(token)
        key = keys.find(header.get("kid"))
        if key is None:
            raise InvalidTokenError("no such key")
        if header.get("typ") != token_type.typ:
            raise InvalidTokenError("another type")
        claims: dict[str, Any] = jwt.decode(
            token,
            key.public,
            algorithms=[key.algorithm],
            audience=token_type.audience,
            issuer=ISSUER,
            options=_CHECKS,
        )
    except jwt.PyJWTError as error:
        raise InvalidTokenError(str(error)) from None
    except (ValueError, TypeError) as error:
        raise InvalidTokenError(f"unreadable: {type(error).__name__}") from None
    _check_time(claims, now)
    return claims


def _check_time(claims: Mapping[str, Any], now: datetime) -> None:
    instants = (claims["exp"], claims["iat"], claims.get("nbf", claims["iat"]))
    if not all(type(instant) in (int, float) and math.isfinite(instant) for instant in instants):
        raise InvalidTokenError("a time is not a number")
    expires_at, issued_at, not_before = instants
    present, leeway = now.timestamp(), LEEWAY.total_seconds()
    if expires_at <= present - leeway:
        raise InvalidTokenError("expired")
    if max(issued_at, not_before) > present + leeway:
        raise InvalidTokenError("not yet valid")
