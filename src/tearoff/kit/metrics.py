"""What Prometheus can ask. Several processes share one folder of counters (`serve` makes it)."""

from __future__ import annotations

from datetime import datetime, timedelta

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.metrics import MetricWrapperBase

from tearoff.kit.db import Handle

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

calls = Counter("tearoff_calls_total", "Calls by endpoint and outcome.", ["endpoint", "outcome"])
call_seconds = Histogram(
    "tearoff_call_seconds", "Whole time of a call.", ["endpoint"], buckets=SECONDS
)
provider_seconds = Histogram(
    "tearoff_provider_seconds", "The service's share of a send.", ["kind"], buckets=SECONDS
)
arrivals = Counter("tearoff_arrivals_total", "Receipts and replies, by what they did.", ["result"])
hook_tries = Counter(
    "tearoff_hook_tries_total", "Tries to deliver a webhook, by what became of it.", ["state"]
)
page_hits = Counter(
    "tearoff_page_hits_total",
    "Requests for a coupon's page or an offer's, by people and robots alike: no opens.",
    ["page"],
)
opens = Counter(
    "tearoff_opens_total",
    "Coupons that were opened, by who it was: human, robot, unsure.",
    ["verdict"],
)

messages = Gauge(
    "tearoff_messages",
    "Messages of the last 24 hours by state.",
    ["state"],
    multiprocess_mode="mostrecent",
)
queue_depth = Gauge("tearoff_queue_depth", "Jobs that wait or run.", multiprocess_mode="mostrecent")
hooks_waiting = Gauge(
    "tearoff_hooks_waiting", "Webhook deliveries that wait.", multiprocess_mode="mostrecent"
)
open_sends = Gauge(
    "tearoff_open_sends", "Sends whose outcome is open.", multiprocess_mode="mostrecent"
)

ALL: tuple[MetricWrapperBase, ...] = (
    calls,
    call_seconds,
    provider_seconds,
    arrivals,
    page_hits,
    opens,
    hook_tries,
    messages,
    queue_depth,
    hooks_waiting,
    open_sends,
)


def exposition(folder: str | None) -> bytes:
    """The text that Prometheus reads; of all processes when they share a folder."""
    registry = CollectorRegistry()
    if folder:  # prometheus_client gives this one no types
        multiprocess.MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    else:
        for metric in ALL:
            registry.register(metric)
    return generate_latest(registry)


async def read_database(db: Handle, now: datetime) -> None:
    """Bring the gauges that the database knows up to date."""
    rows = await db.fetch(
        "SELECT state, count(*) AS n FROM messages WHERE id >= time_id($1) GROUP BY state",
        now - timedelta(hours=24),
    )
    for row in rows:
        messages.labels(row["state"]).set(row["n"])
    queue_depth.set(await db.fetchval("SELECT count(*) FROM pgqueuer"))
    hooks_waiting.set(
        await db.fetchval("SELECT count(*) FROM hook_deliveries WHERE state = 'waiting'")
    )
    open_sends.set(await db.fetchval("SELECT count(*) FROM open_sends"))
