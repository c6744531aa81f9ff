"""Metrics for CloudWatch in its embedded metric format: a few more fields in a request's log line.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import time
from collections.abc import Mapping

from lambda_search.metrics import SEARCHES, Finished
from lambda_search.releases import Releases

NAMESPACE = "MarketplaceSearch"
DIMENSION = "function"
UNITS = {
    "Searches": "Count",
    "Errors": "Count",
    "NoMatch": "Count",
    "LatencyMs": "Milliseconds",
    "DecodeMs": "Milliseconds",
    "ExtractMs": "Milliseconds",
    "SearchMs": "Milliseconds",
    "ReleaseAgeSeconds": "Seconds",
    "ReleaseFailures": "Count",
}
_STAGES = {"decode": "DecodeMs", "extract": "ExtractMs", "search": "SearchMs"}


class Emf:
    """The metrics of the function with this name. One thread at a time may record."""

    def __init__(self, function: str, releases: Releases) -> None:
        self._function = function
        self._releases = releases
        self._failures_told = 0

    def record(self, finished: Finished) -> Mapping[str, object]:
        """The fields that make CloudWatch count this request."""
        values = _of_request(finished) | self._of_release()
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [[DIMENSION]],
            "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
        }
        metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
        return {"_aws": metadata, DIMENSION: self._function, **values}

    def _of_release(self) -> dict[str, float]:
        failures, age_s = self._releases.failures, self._releases.age_s
        values: dict[str, float] = {"ReleaseFailures": failures - self._failures_told}
        self._failures_told = failures
        if age_s is not None:
            values["ReleaseAgeSeconds"] = round(age_s, 1)
        return values


def _of_request(finished: Finished) -> dict[str, float]:
    values: dict[str, float] = {"Searches": int(finished.is_search), "Errors": int(finished.failed)}
    if finished.is_search and finished.good_match is not None:
        values["NoMatch"] = int(not finished.good_match)
    # Health checks and requests refused at once would make the searches look fast.
    if finished.is_search or (finished.failed and finished.route in SEARCHES):
        values["LatencyMs"] = finished.total_ms
    stages_ms = finished.stages_ms
    return values | {name: stages_ms[of] for of, name in _STAGES.items() if of in stages_ms}
