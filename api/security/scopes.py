"""The guard that asks what a system's key was made for."""

from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from api.callers import SystemCaller
from kernel.errors import ForbiddenError
from loyalty.access.scopes import Scope


class ScopeMissingError(ForbiddenError):
    """The key was made without the ``scope``."""

    code = "scope_missing"
    title = "This key was not made for that."


@dataclass(frozen=True)
class ScopeGuard:
    """Lets a system pass whose key has the ``scope``."""

    scope: Scope

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        system: SystemCaller = connection.scope["user"]
        if self.scope not in system.scopes:
            raise ScopeMissingError(scope=self.scope.value)


def requires_scope(scope: Scope) -> ScopeGuard:
    """A guard for systems' routes."""
    return ScopeGuard(scope)
