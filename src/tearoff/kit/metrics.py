"""What Prometheus can ask. Several processes share one folder of counters (`serve` makes it)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.metrics import MetricWrapperBase

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

calls = Counter("tearoff_calls_total", "Calls by endpoint and outcome.", ["endpoint", "outcome"])
call_seconds = Histogram(
    "tearoff_call_seconds", "Whole time of a call.", ["endpoint"], buckets=SECONDS
)
provider_seconds = Histogram(
    "tearoff_provider_seconds", "The service's share of a send.", ["kind"], buckets=SECONDS
)
arrivals = Counter("tearoff_arrivals_total", "Receipts and replies, by what they did.", ["result"])

ALL: tuple[MetricWrapperBase, ...] = (calls, call_seconds, provider_seconds, arrivals)


def exposition(folder: str | None) -> bytes:
    """The text that Prometheus reads; of all processes when they share a folder."""
    registry = CollectorRegistry()
    if folder:
        multiprocess.MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    else:
        for metric in ALL:
            registry.register(metric)
    return generate_latest(registry)
