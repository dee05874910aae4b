"""The composition root: one Litestar application out of settings and a clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from litestar import Litestar, Router
from litestar.openapi.config import OpenAPIConfig

from api.caching import keep_from_caches
from api.dependencies import PROVIDERS
from api.openapi_document.page import documentation
from api.opening import open_services
from api.pos.posting import posting_queue
from api.problems import EXCEPTION_HANDLERS
from api.programmes import fresh_programmes
from api.rate_limits import tell_rate_limit
from api.request_ids import echo_request_id
from api.requests import JsonRequest
from api.routes import ROUTES
from api.security.middleware import Authentication
from kernel.clock import Clock, system_clock
from kernel.settings import Settings

MAX_BODY_BYTES: Final = 1024 * 1024


def create_app(settings: Settings, *, clock: Clock = system_clock) -> Litestar:
    """The API. Connections and keys are opened when it starts serving, so that its schema can be had without any."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_services(settings, clock=clock) as services, fresh_programmes(services):
            app.state.services = services
            app.state.postings = posting_queue(services)
            yield
            await app.state.postings.close()

    return Litestar(
        route_handlers=ROUTES,
        lifespan=[lifespan],
        dependencies=PROVIDERS,
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Authentication()],
        before_send=[echo_request_id, tell_rate_limit, keep_from_caches],
        request_class=JsonRequest,
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=_openapi(),
        logging_config=None,
        debug=False,
    )


def _openapi() -> OpenAPIConfig:
    """What Litestar has to know; the rest of the document is made in ``api/openapi_document``."""
    return OpenAPIConfig(
        title="Comeback",
        version="1.0.0",
        openapi_router=Router("/docs", route_handlers=[], opt={"public": True}, include_in_schema=False),
        render_plugins=documentation(),
    )
