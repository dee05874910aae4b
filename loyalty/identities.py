"""What a member is known by: phone, e-mail, card, external id. Normalised, validated, hashed."""

import hashlib
import hmac


class LookupKey:
    """The installation's secret under which cards, phones and e-mails are hashed for lookup."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, kind: str, value: str) -> bytes:
        """HMAC-SHA-256 (RFC 2104) of a normalised value, separated by kind."""
        return hmac.digest(self._key, f"{kind}\0{value}".encode(), hashlib.sha256)
