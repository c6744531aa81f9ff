"""Metrics for Prometheus, under uvicorn: counted in this process, read at GET /metrics."""

import time
from collections.abc import Iterable, Mapping

from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from lambda_search.metrics import Finished
from lambda_search.releases import Releases

PREFIX = "marketplace_search"
NO_ROUTE = "none"  # paths are the clients' choice, and each new label value is kept for good
_MATCHES = {True: "good", False: "none", None: "unknown"}
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)


class Prometheus:
    """What this process has counted, in a registry of its own."""

    def __init__(self, releases: Releases) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        by_route = ("route", "status")
        self._requests = Counter(
            f"{PREFIX}_requests", "Requests that were answered.", by_route, registry=registry
        )
        self._latency = Histogram(
            f"{PREFIX}_latency_seconds",
            "From a request to the end of its answer.",
            by_route,
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._stages = Histogram(
            f"{PREFIX}_stage_seconds",
            "What each stage of a request took.",
            ("route", "stage"),
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._searches = Counter(
            f"{PREFIX}_searches",
            "Searches that were answered, by whether they found a good match.",
            ("match",),
            registry=registry,
        )
        registry.register(_OfRelease(releases))
        ProcessCollector(registry=registry)

    def record(self, finished: Finished) -> Mapping[str, object]:
        """Counts the request. The log line needs nothing for that."""
        route = finished.route or NO_ROUTE
        status = f"{finished.status // 100}xx"
        self._requests.labels(route, status).inc()
        self._latency.labels(route, status).observe(finished.total_ms / 1000)
        for stage, spent_ms in finished.stages_ms.items():
            self._stages.labels(route, stage).observe(spent_ms / 1000)
        if finished.is_search:
            self._searches.labels(_MATCHES[finished.good_match]).inc()
        return {}

    def answer(self) -> Response:
        """All of it in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


class _OfRelease(Collector):
    """Which release answers is asked when Prometheus asks."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases

    def collect(self) -> Iterable[Metric]:
        failures, age_s = self._releases.failures, self._releases.age_s
        yield CounterMetricFamily(
            f"{PREFIX}_release_failures", "Releases that failed to load.", value=failures
        )
        if age_s is None:
            return
        info = GaugeMetricFamily(
            f"{PREFIX}_release_info", "1 for the release that answers.", labels=("release",)
        )
        info.add_metric((self._releases.current().manifest.release_id,), 1)
        yield info
        yield GaugeMetricFamily(
            f"{PREFIX}_release_created_timestamp_seconds",
            "When the release that answers was made.",
            value=round(time.time() - age_s),
        )
