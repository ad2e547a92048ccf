"""What Prometheus can ask."""

from prometheus_client.metrics import MetricWrapperBase

from tearoff.kit import metrics


def test_a_process_alone_shows_every_metric():
    shown = metrics.exposition(None).decode()
    ours = [found for found in vars(metrics).values() if isinstance(found, MetricWrapperBase)]
    assert len(ours) > 5
    for metric in ours:
        assert f"# HELP {metric.describe()[0].name}" in shown
