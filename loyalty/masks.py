"""How personal data is shown to somebody who is not its owner: enough to recognise, too little to use."""

from typing import Final

import phonenumbers

from loyalty.identities import CARD, EMAIL, PHONE, KnownBy

_DOT: Final = "•"


def masked(known_by: KnownBy) -> str:
    """The identity with all but its ends hidden: ``+7 ••• ••• 12-34``, ``a•••@example.com``, ``••••4821``."""
    match known_by.kind:
        case kind if kind == PHONE:
            return _masked_phone(known_by.value)
        case kind if kind == EMAIL:
            return _masked_email(known_by.value)
        case kind if kind == CARD:
            return _DOT * 4 + known_by.value[-min(4, len(known_by.value) // 2) :]
        case _:
            return _DOT * 4


def masked_name(name: str | None) -> str | None:
    """First name and the initial of the last: ``Anna K.``. A single name stays, to greet with."""
    parts = (name or "").split()
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else f"{parts[0]} {parts[-1][0]}."


def _masked_phone(value: str) -> str:
    country_code = phonenumbers.parse(value, None).country_code
    return f"+{country_code} {_DOT * 3} {_DOT * 3} {value[-4:-2]}-{value[-2:]}"


def _masked_email(value: str) -> str:
    local, _, domain = value.rpartition("@")
    return f"{local[0] if len(local) > 1 else ''}{_DOT * 3}@{domain}"
