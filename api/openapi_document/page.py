"""``/docs``: the document to read and try out, with Swagger UI from our own disk, and ``/docs/openapi.json``."""

from importlib.resources import files
from typing import Any, Final

from litestar import Litestar, Request, Router
from litestar.datastructures import CacheControlHeader
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin, SwaggerRenderPlugin
from litestar.static_files import create_static_files_router

from api.openapi_document.document import openapi_document

_ASSETS: Final = "/docs/assets"
_ONE_DAY_S: Final = 24 * 60 * 60


class DocumentationPage(SwaggerRenderPlugin):
    """Swagger UI over the contract. It loads nothing from another host, so that it works without a network."""

    def __init__(self) -> None:
        super().__init__(
            path="/",
            js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            css_url=f"{_ASSETS}/swagger-ui.css",
            standalone_preset_js_url=f"{_ASSETS}/swagger-ui-standalone-preset.js",
            favicon=f'<link rel="icon" type="image/png" href="{_ASSETS}/favicon-32x32.png">',
        )

    def receive_router(self, router: Router) -> None:
        assets = create_static_files_router(
            path="/assets",
            directories=[str(files("swagger_ui") / "static")],
            cache_control=CacheControlHeader(max_age=_ONE_DAY_S),
            include_in_schema=False,
        )
        router.register(assets)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _served(request.app))


class DocumentJson(JsonRenderPlugin):
    """The contract itself."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _served(request.app))


def documentation() -> list[OpenAPIRenderPlugin]:
    """What is served under ``/docs``."""
    return [DocumentationPage(), DocumentJson()]


def _served(app: Litestar) -> dict[str, Any]:
    """The document, made at the first look."""
    if "openapi_document" not in app.state:
        app.state.openapi_document = openapi_document(app)
    document: dict[str, Any] = app.state.openapi_document
    return document
