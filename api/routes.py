"""Every route of the API on one screen. The path root decides the audience (``api/security/middleware.py``)."""

from litestar.types import ControllerRouterHandler

from api.wellknown import jwks

ROUTES: tuple[ControllerRouterHandler, ...] = (jwks,)
