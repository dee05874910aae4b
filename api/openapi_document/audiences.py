"""Who may call what: the four kinds of credentials, by the path's root."""

from collections.abc import Iterable
from typing import Any, Final

from api.openapi_document.routes import DocumentedRoute
from api.security.permissions import PERMISSIONS

SCHEME_OF_ROOT: Final = {
    "me": "member",
    "pos": "terminal",
    "admin": "staff",
    "metrics": "staff",
    "events": "system",
    "invoices": "system",
}

_SCHEMES: Final[dict[str, dict[str, Any]]] = {
    "member": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Of a member's phone: the `access_token` of `POST /v1/auth/sessions`, good for 15 minutes.",
    },
    "terminal": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Of a till: the `access_token` of `POST /v1/pos/sessions`, made from the terminal's key.",
    },
    "staff": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Of a person of staff: the `access_token` of `POST /v1/admin/sessions`.",
    },
    "system": {
        "type": "http",
        "scheme": "bearer",
        "description": "The key of a shop, billing or CRM system, as it was shown when it was made.",
    },
}


def security_of(route: DocumentedRoute) -> list[dict[str, list[str]]]:
    """The requirement of an operation; an empty list says that nobody has to sign in."""
    return [] if route.public else [{SCHEME_OF_ROOT[route.audience_root]: []}]


def security_schemes(routes: Iterable[DocumentedRoute]) -> dict[str, dict[str, Any]]:
    """The kinds of credentials that these routes take."""
    taken = {scheme for route in routes for requirement in security_of(route) for scheme in requirement}
    return {name: scheme for name, scheme in _SCHEMES.items() if name in taken}


def permission_note(route: DocumentedRoute) -> str:
    """Which permission staff need, and which roles have it; which scope a system needs. Empty where it takes none."""
    notes = [f"Needs the scope `{scope.value}`." for scope in route.scopes]
    for permission in route.permissions:
        roles = ", ".join(role for role, held in PERMISSIONS.items() if permission in held)
        notes.append(f"Needs the permission `{permission.value}` ({roles}).")
    return " ".join(notes)
