"""The quote's token: which programme version a till was quoted, and until when that is honoured."""

from datetime import datetime
from functools import lru_cache

from api.security import tokens
from api.security.keys import SigningKeys
from api.security.tokens import InvalidTokenError


def issue_quote_token(keys: SigningKeys, version: int, *, valid_seconds: int, now: datetime) -> str:
    """A token for ``version`` that is honoured for ``valid_seconds``."""
    return _issued(keys, version, valid_seconds, now.replace(microsecond=0))


@lru_cache(maxsize=16)
def _issued(keys: SigningKeys, version: int, valid_seconds: int, second: datetime) -> str:
    """All quotes of one second share a token: it says nothing of the basket, and signing takes longer than quoting."""
    return tokens.issue(keys, tokens.QUOTE, "quote", {"version": version, "valid": valid_seconds}, now=second)


def read_quote_token(keys: SigningKeys, token: str | None, *, now: datetime) -> int | None:
    """The version quoted; None without a token, or when it is too old or not ours: then today's programme applies."""
    if token is None:
        return None
    try:
        claims = tokens.verify(keys, tokens.QUOTE, token, now=now)
        version, valid_seconds, issued_at = int(claims["version"]), int(claims["valid"]), int(claims["iat"])
    except (InvalidTokenError, KeyError, ValueError):
        return None
    return version if now.timestamp() < issued_at + valid_seconds else None
