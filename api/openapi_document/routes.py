"""The routes of an application that belong to the contract, with what their handlers declare."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeVar, get_args

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import Method
from msgspec import Struct

from api.rate_limits import LimitGuard
from api.security.permissions import Permission, PermissionGuard
from api.security.scopes import ScopeGuard
from loyalty.access.scopes import Scope

G = TypeVar("G")

_METHODS: Final[tuple[Method, ...]] = ("GET", "PUT", "POST", "PATCH", "DELETE")


class DocumentedRoute(NamedTuple):
    """One operation: a method at a path, whose parameters stand in braces."""

    method: str
    path: str
    handler: HTTPRouteHandler

    @property
    def public(self) -> bool:
        """Whether nobody has to sign in."""
        return bool(self.handler.opt.get("public"))

    @property
    def audience_root(self) -> str:
        """What decides whose token opens it: ``pos`` of ``/v1/pos/purchases``."""
        return self.path.split("/")[2]

    @property
    def permissions(self) -> tuple[Permission, ...]:
        """All of which the caller needs."""
        return tuple(guard.permission for guard in self._guards(PermissionGuard))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """All of which a system's key needs."""
        return tuple(guard.scope for guard in self._guards(ScopeGuard))

    @property
    def rate_limited(self) -> bool:
        return bool(self._guards(LimitGuard))

    def _guards(self, kind: type[G]) -> list[G]:
        return [guard for guard in self.handler.resolve_guards() if isinstance(guard, kind)]

    @property
    def read(self) -> frozenset[type[Struct]]:
        """What its request brings."""
        body = self.handler.parsed_data_field
        return frozenset(_structs(body.annotation)) if body is not None else frozenset()

    @property
    def answered(self) -> frozenset[type[Struct]]:
        """What its answers hold, refusals included."""
        declared = [response.data_container for response in (self.handler.responses or {}).values()]
        annotations = [self.handler.parsed_return_field.annotation, *declared]
        return frozenset(struct for annotation in annotations for struct in _structs(annotation))


def documented_routes(app: Litestar) -> Iterator[DocumentedRoute]:
    """In the order in which ``api/routes.py`` names them, and for one path in that of ``_METHODS``."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method in (each for each in _METHODS if each in route.route_handler_map):
                handler, _ = route.route_handler_map[method]
                if handler.resolve_include_in_schema():
                    yield DocumentedRoute(method.lower(), route.path_format, handler)


def _structs(annotation: Any) -> Iterator[type[Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        yield annotation
    for argument in get_args(annotation):
        yield from _structs(argument)
