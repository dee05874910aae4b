"""What is counted, and how it reaches Prometheus.

Labels have few values: operation ids, statuses, codes, handler and job names; never a member, a store or a path. One
request costs two dictionary look-ups and one observation (about 2 us).
"""

import os
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

MULTIPROCESS_DIR: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The library's switch. Several server processes share their figures through files there; it is read on import."""

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY: Final = CollectorRegistry()

REQUESTS: Final = Histogram(
    "comeback_request_duration_seconds",
    "Time from the request's arrival to the end of its answer.",
    ("operation", "status"),
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
    registry=REGISTRY,
)
POSTING_BATCH: Final = Histogram(
    "comeback_posting_batch_size",
    "Purchases posted in one transaction.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 500),
    registry=REGISTRY,
)
REFUSALS: Final = Counter(
    "comeback_refusals_total", "Requests that the business refused, by code.", ("code",), registry=REGISTRY
)
DELIVERED: Final = Counter(
    "comeback_events_delivered_total", "Events that have had their effect.", ("handler",), registry=REGISTRY
)
FAILED: Final = Counter(
    "comeback_event_failures_total",
    "Deliveries that failed, by what became of them: retried or parked.",
    ("handler", "outcome"),
    registry=REGISTRY,
)
JOBS: Final = Histogram(
    "comeback_job_duration_seconds",
    "Runs of scheduled jobs.",
    ("job", "outcome"),
    buckets=(0.01, 0.1, 1, 10, 60, 600),
    registry=REGISTRY,
)
TASKS: Final = Histogram(
    "comeback_task_duration_seconds",
    "Time that a worker spent on a task, by what became of it.",
    ("kind", "outcome"),
    buckets=(0.1, 1, 10, 60, 600, 3_600),
    registry=REGISTRY,
)

_request_series: dict[tuple[str, int], Histogram] = {}


def count_request(operation: str, status: int, seconds: float) -> None:
    """Note one answered request."""
    series = _request_series.get((operation, status))
    if series is None:
        series = _request_series.setdefault((operation, status), REQUESTS.labels(operation, str(status)))
    series.observe(seconds)


def exposition(gauges: Iterable[tuple[str, str, float]]) -> bytes:
    """All figures in Prometheus' text format, and ``gauges`` (name, help, value) that were read just now."""
    registry = REGISTRY
    if os.environ.get(MULTIPROCESS_DIR):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    now = CollectorRegistry()
    now.register(_Now(gauges))
    return generate_latest(registry) + generate_latest(now)


class _Now(Collector):
    """Gauges whose values are known, for one answer."""

    def __init__(self, gauges: Iterable[tuple[str, str, float]]) -> None:
        self._gauges = tuple(gauges)

    def collect(self) -> Iterator[Metric]:
        for name, meaning, value in self._gauges:
            yield GaugeMetricFamily(name, meaning, value=value)
