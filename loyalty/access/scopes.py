"""What a system's key may be made for."""

from collections.abc import Collection
from enum import StrEnum

from kernel.errors import UnprocessableError


class Scope(StrEnum):
    """Everything that another system may be allowed: the list is closed, and grows with the routes that ask for it."""

    EVENTS_WRITE = "events:write"
    """Tell what happened elsewhere."""
    INVOICES_WRITE = "invoices:write"
    """Register invoices and their payments."""


class ScopeUnknownError(UnprocessableError):
    """There is no such ``scope``: a key with it would open nothing, or one day something that nobody meant."""

    code = "scope_unknown"
    title = "There is no such scope."


def checked_scopes(scopes: Collection[str]) -> list[str]:
    """The scopes, each once and in order. Raises ``ScopeUnknownError``."""
    known = [scope.value for scope in Scope]
    for scope in scopes:
        if scope not in known:
            raise ScopeUnknownError(scope=scope, known=known)
    return sorted(set(scopes))
