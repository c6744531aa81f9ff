"""What is counted, in CloudWatch's format and in that of Prometheus."""

import json
import time
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace

import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families
from small_release import build

from lambda_search.emf import UNITS, Emf
from lambda_search.metrics import SEARCHES, Finished
from lambda_search.prometheus import Prometheus
from lambda_search.releases import Releases
from release.fetching import POINTER
from release.store import Store

# From the text of AWS' specification of the format; the names of units are CloudWatch's.
EMF = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {"type": "array", "items": {"$ref": "#/$defs/directive"}},
            },
        }
    },
    "$defs": {
        "name": {"type": "string", "minLength": 1, "maxLength": 255},
        "directive": {
            "type": "object",
            "required": ["Namespace", "Dimensions", "Metrics"],
            "additionalProperties": False,
            "properties": {
                "Namespace": {"$ref": "#/$defs/name"},
                "Dimensions": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "array", "maxItems": 30, "items": {"$ref": "#/$defs/name"}},
                },
                "Metrics": {
                    "type": "array",
                    "maxItems": 100,
                    "items": {
                        "type": "object",
                        "required": ["Name"],
                        "additionalProperties": False,
                        "properties": {
                            "Name": {"$ref": "#/$defs/name"},
                            "Unit": {"enum": ["Count", "Milliseconds", "Seconds"]},
                        },
                    },
                },
            },
        },
    },
}
SEARCH = Finished(
    method="POST",
    route="/search",
    path="/search",
    status=200,
    release="small-1",
    stages_ms={"decode": 12.3, "extract": 28.1, "search": 0.5, "thumbnails": 3.0},
    total_ms=45.0,
    good_match=True,
    bytes_in=1234,
)
HEALTH = replace(SEARCH, method="GET", route="/health", path="/health", stages_ms={})
NO_RELEASE = SimpleNamespace(age_s=None, failures=0)


def _emf(finished: Finished, releases=NO_RELEASE) -> dict:
    return _values(Emf("search", releases).record(finished))


def _values(fields) -> dict:
    """The metrics of a line that the specification allows."""
    line = json.loads(json.dumps({"message": "POST /search 200", **fields}))
    Draft202012Validator(EMF).validate(line)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    for dimension in directive["Dimensions"][0]:
        assert isinstance(line[dimension], str)
    values = {one["Name"]: line[one["Name"]] for one in directive["Metrics"]}
    assert all(type(value) in (int, float) for value in values.values())
    assert {one["Name"]: one["Unit"] for one in directive["Metrics"]}.items() <= UNITS.items()
    return values


def test_a_search_counts_with_its_stages_and_the_release():
    assert _emf(SEARCH, SimpleNamespace(age_s=86400.04, failures=0)) == {
        "Searches": 1,
        "Errors": 0,
        "NoMatch": 0,
        "LatencyMs": 45.0,
        "DecodeMs": 12.3,
        "ExtractMs": 28.1,
        "SearchMs": 0.5,
        "ReleaseAgeSeconds": 86400.0,
        "ReleaseFailures": 0,
    }


def test_a_line_names_the_function_the_namespace_and_now():
    before_ms = time.time() * 1000 - 1
    fields = Emf("search-live", NO_RELEASE).record(SEARCH)
    assert fields["function"] == "search-live"
    (directive,) = fields["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == (
        "MarketplaceSearch",
        [["function"]],
    )
    assert before_ms <= fields["_aws"]["Timestamp"] <= time.time() * 1000


@pytest.mark.parametrize(("good_match", "counted"), [(False, {"NoMatch": 1}), (None, {})])
def test_no_match_counts_where_it_is_known(good_match, counted):
    values = _emf(replace(SEARCH, good_match=good_match))
    assert {name: value for name, value in values.items() if name == "NoMatch"} == counted


@pytest.mark.parametrize(
    ("finished", "searches", "errors", "timed"),
    [
        (replace(SEARCH, route="/listings/{product_id}/similar"), 1, 0, True),
        (replace(SEARCH, route="/predict/image"), 1, 0, True),
        (replace(SEARCH, route="/embed"), 0, 0, False),
        (replace(SEARCH, status=422), 0, 0, False),
        (replace(SEARCH, status=499), 0, 0, False),
        (replace(SEARCH, status=504), 0, 1, True),
        (HEALTH, 0, 0, False),
        (replace(HEALTH, status=500), 0, 1, False),
        (replace(SEARCH, route=None, status=404), 0, 0, False),
    ],
)
def test_what_is_a_search_what_is_an_error_and_whose_time_counts(finished, searches, errors, timed):
    values = _emf(finished)
    assert (values["Searches"], values["Errors"]) == (searches, errors)
    assert ("LatencyMs" in values, "NoMatch" in values) == (timed, bool(searches))


def test_every_route_that_counts_as_a_search_is_one_of_the_application(client):
    assert client.get("/openapi.json").json()["paths"].keys() >= SEARCHES


def test_a_release_that_fails_to_load_counts_once():
    releases = SimpleNamespace(age_s=None, failures=2)
    emf = Emf("search", releases)
    counted = []
    for failures in (2, 2, 3):
        releases.failures = failures
        counted.append(_values(emf.record(HEALTH))["ReleaseFailures"])
    assert counted == [2, 0, 1]


def _samples(prometheus: Prometheus) -> dict[tuple, float]:
    """The value of each sample, by its name without the prefix and its labels in order."""
    text = bytes(prometheus.answer().body).decode()
    return {
        (one.name.removeprefix("marketplace_search_"), *_in_order(one.labels)): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def _in_order(labels: dict[str, str]) -> list[str]:
    return [labels[name] for name in sorted(labels)]


@pytest.fixture
def releases(settings, clock) -> Releases:
    build(settings.store_url, "small-1", seed=1)
    return Releases(settings, clock)


def test_prometheus_reads_requests_searches_and_stages(releases):
    prometheus = Prometheus(releases)
    for finished in (
        SEARCH,
        replace(SEARCH, good_match=False, total_ms=3000),
        replace(SEARCH, status=503, stages_ms={}),
        replace(SEARCH, status=404, route=None, path="/wp-login.php", stages_ms={}),
    ):
        assert prometheus.record(finished) == {}
    found = _samples(prometheus)
    assert found["requests_total", "/search", "2xx"] == 2
    assert found["requests_total", "/search", "5xx"] == 1
    assert found["requests_total", "none", "4xx"] == 1
    assert {of: found["searches_total", of] for of in ("good", "none")} == {"good": 1, "none": 1}
    assert found["latency_seconds_count", "/search", "2xx"] == 2
    assert found["latency_seconds_sum", "/search", "2xx"] == pytest.approx(3.045)
    assert found["latency_seconds_bucket", "0.05", "/search", "2xx"] == 1
    assert found["stage_seconds_sum", "/search", "extract"] == pytest.approx(0.0562)


def test_prometheus_reads_the_release_that_answers(releases, settings, clock):
    prometheus = Prometheus(releases)
    created_at = datetime.fromisoformat(releases.current().manifest.created_at)
    found = _samples(prometheus)
    assert found["release_info", "small-1"] == 1
    assert found[("release_created_timestamp_seconds",)] == pytest.approx(
        created_at.timestamp(), abs=1
    )
    assert found[("release_failures_total",)] == 0

    build(settings.store_url, "small-2", seed=2)
    clock.now += settings.release_check_s
    assert releases.refreshed_id() == "small-2"
    of_release = {key for key in _samples(prometheus) if key[0] == "release_info"}
    assert of_release == {("release_info", "small-2")}


def test_prometheus_reads_a_release_that_failed_to_load(releases, settings, clock):
    store = Store(settings.store_url)
    store.write("releases/newer.json", b'{"schema_version": 99}')
    store.write(POINTER, b'{"release": "newer"}')
    clock.now += settings.release_check_s
    assert releases.refreshed_id() == "small-1"
    found = _samples(Prometheus(releases))
    assert (found["release_info", "small-1"], found[("release_failures_total",)]) == (1, 1)


def test_prometheus_reads_no_release_where_there_is_none(settings):
    found = _samples(Prometheus(Releases(settings)))
    assert not [
        key for key in found if key[0] in ("release_info", "release_created_timestamp_seconds")
    ]
