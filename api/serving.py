"""The application that a server process loads: the API with everything that surrounds it.

Named by import path (``api.serving:application``), since each server process makes its own from the environment.
"""

import multiprocessing

from api.app import create_app
from api.asgi import App
from api.engines.child import end_with_parent
from api.logging import configure_logging
from api.observing import observed
from kernel.settings import Settings


def application() -> App:
    """The API as it is served, configured by the environment."""
    if multiprocessing.parent_process() is not None:
        end_with_parent()
    settings = Settings()
    configure_logging(log_format=settings.log_format, level=settings.log_level)
    app: App = create_app(settings)
    if settings.otlp_endpoint is not None:
        from api.tracing import traced

        app = traced(app, endpoint=settings.otlp_endpoint)
    return observed(app)
