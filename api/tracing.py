"""OpenTelemetry, when an operator asks for it: ``COMEBACK_OTLP_ENDPOINT`` and the extra ``otel``.

Off by default, and not even imported: a span for each request costs 100 to 190 us.
"""

from typing import cast

from api.asgi import App


class TracingNotInstalledError(Exception):
    """A collector is named, and the libraries that would speak to it are missing."""


def traced(app: App, *, endpoint: str) -> App:
    """``app`` with a span for each request, sent over OTLP/HTTP to the collector at ``endpoint``."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingNotInstalledError("COMEBACK_OTLP_ENDPOINT needs `pip install comeback[otel]`") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "comeback"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    return cast("App", OpenTelemetryMiddleware(app, tracer_provider=provider))
