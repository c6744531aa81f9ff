"""What the template watches is what API Gateway, Lambda and the function write."""

from typing import Any

import pytest
from sam_template import dashboard, of_type, references

from lambda_search import emf

# docs.aws.amazon.com: http-api-metrics.html, monitoring-metrics-types.html
METRICS = {
    "AWS/ApiGateway": {"4xx", "5xx", "Count", "DataProcessed", "IntegrationLatency", "Latency"},
    "AWS/Lambda": {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"},
    "MarketplaceSearch": {
        "Searches",
        "Errors",
        "NoMatch",
        "LatencyMs",
        "DecodeMs",
        "ExtractMs",
        "SearchMs",
        "ReleaseAgeSeconds",
        "ReleaseFailures",
    },
}
DIMENSIONS = {
    "AWS/ApiGateway": {"ApiId": "SearchApi", "Stage": "$default"},
    "AWS/Lambda": {"FunctionName": "SearchFunction"},
    "MarketplaceSearch": {"function": "SearchFunction"},
}


def test_the_function_writes_the_metrics_that_are_watched() -> None:
    assert (emf.NAMESPACE, emf.DIMENSION) == ("MarketplaceSearch", "function")
    assert emf.UNITS.keys() == METRICS[emf.NAMESPACE]


@pytest.fixture(scope="module")
def alarms(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return of_type(template, "AWS::CloudWatch::Alarm")


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    if "Metrics" not in alarm:
        return [alarm]
    return [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]


def test_alarms_watch_metrics_that_are_written(alarms: dict[str, dict[str, Any]]) -> None:
    for metric in (metric for alarm in alarms.values() for metric in metrics_of(alarm)):
        assert metric["MetricName"] in METRICS[metric["Namespace"]]
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        plain = {
            name: value["!Ref"] if isinstance(value, dict) else value
            for name, value in dimensions.items()
        }
        assert plain == DIMENSIONS[metric["Namespace"]]


def test_there_is_an_alarm_for_each_thing_that_goes_wrong(
    alarms: dict[str, dict[str, Any]],
) -> None:
    watched = {
        (name, alarm.get("Statistic", alarm.get("ExtendedStatistic")), alarm["Threshold"])
        for alarm in map(_thresholds_as_text, alarms.values())
        for name in [metrics_of(alarm)[0]["MetricName"]]
    }
    assert watched == {
        ("5xx", "Sum", "0"),
        ("LatencyMs", "p95", "AlarmLatencyMs"),
        ("Throttles", "Sum", "0"),
        ("ReleaseFailures", "Sum", "0"),
        ("ReleaseAgeSeconds", None, "AlarmReleaseAgeDays"),
    }


def _thresholds_as_text(alarm: dict[str, Any]) -> dict[str, Any]:
    threshold = alarm["Threshold"]
    text = threshold["!Ref"] if isinstance(threshold, dict) else str(threshold)
    return alarm | {"Threshold": text}


def test_an_alarm_tells_the_topic_where_there_is_one_and_is_quiet_without_requests(
    alarms: dict[str, dict[str, Any]],
) -> None:
    for alarm in alarms.values():
        assert list(references(alarm["AlarmActions"])) == [
            "AlarmTopicArn",
            "AWS::NoValue",
            "HasTopic",
        ]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_the_dashboard_shows_metrics_that_are_written(template: dict[str, Any]) -> None:
    shown = set()
    for metric in (
        one for widget in dashboard(template) for one in widget["properties"]["metrics"]
    ):
        if isinstance(metric[0], dict):
            continue
        namespace, name, *pairs = (part for part in metric if isinstance(part, str))
        assert name in METRICS[namespace]
        found = {key: text.strip("${}") for key, text in zip(pairs[::2], pairs[1::2], strict=True)}
        expected = {key: text.strip("$") for key, text in DIMENSIONS[namespace].items()}
        assert found == expected
        shown.add((namespace, name))
    ours = {("MarketplaceSearch", name) for name in METRICS["MarketplaceSearch"]}
    assert ours <= shown
    assert {("AWS/Lambda", "ConcurrentExecutions"), ("AWS/Lambda", "Throttles")} <= shown


def test_an_expression_of_the_dashboard_names_metrics_of_its_widget(
    template: dict[str, Any],
) -> None:
    for widget in dashboard(template):
        options = [one[-1] for one in widget["properties"]["metrics"] if isinstance(one[-1], dict)]
        ids = {one["id"] for one in options if "id" in one}
        for text in (one["expression"] for one in options if "expression" in one):
            named = {word for word in text.split() if word.isalpha()}
            assert named <= ids
            assert named


def test_widgets_of_the_dashboard_lie_side_by_side(template: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for widget in dashboard(template)
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
