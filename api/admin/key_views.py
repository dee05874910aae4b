"""Keys as staff see them: everything but the secret, which is shown once."""

from datetime import datetime

from msgspec import Struct

from loyalty.models import AccessKey


class KeyView(Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    key_id: str
    label: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class KeyPage(Struct, frozen=True, kw_only=True):
    """Keys by id, revoked ones too. ``next`` is the cursor of the next page; null on the last."""

    keys: list[KeyView]
    next: str | None


class IssuedKeyView(Struct, frozen=True, kw_only=True):
    """A fresh key."""

    key_id: str
    secret: str
    """The whole text to present. It is shown this once and kept nowhere."""


def view_key(key: AccessKey) -> KeyView:
    return KeyView(
        key_id=key.key_id,
        label=key.label,
        scopes=list(key.scopes),
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
