"""The dashboard: what it shows, and that each graph says what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mlops_stacks.constructs.release_metrics import NAMESPACE, OUTCOMES
from tests.infrastructure.intrinsics import Intrinsics
from tests.infrastructure.synthesis import VARIANTS, Synthesis, synthesized


def _widgets(synthesis: Synthesis) -> list[dict[str, Any]]:
    templates = synthesis.templates
    intrinsics = Intrinsics(templates["release"], others=(templates["foundation"],))
    body = intrinsics.resolve(synthesis.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    return list(json.loads(body)["widgets"])


def _metrics(widget: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str], str]]:
    """(namespace, name, dimensions, statistic) of a graph's metrics."""
    for row in widget["properties"].get("metrics", []):
        namespace, name, *pairs = [part for part in row if isinstance(part, str)] or ["", ""]
        options = row[-1] if isinstance(row[-1], dict) else {}
        if namespace:
            dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
            yield namespace, name, dimensions, options.get("stat", "Average")


def _graph(synthesis: Synthesis, words: str) -> dict[str, Any]:
    (found,) = (w for w in _widgets(synthesis) if words in w["properties"]["title"])
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_widget_says_what_it_shows_and_fits_beside_the_others(variant: str) -> None:
    widgets = _widgets(synthesized(variant))
    titles = [widget["properties"]["title"] for widget in widgets]

    assert len(set(titles)) == len(titles)
    assert all(len(title.split()) >= 2 for title in titles)
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)


def test_the_dashboard_is_named_after_the_model(shipped: Synthesis) -> None:
    assert shipped.only("AWS::CloudWatch::Dashboard")["DashboardName"] == "iris-releases"


def test_releases_are_counted_by_every_outcome(shipped: Synthesis) -> None:
    counted = list(_metrics(_graph(shipped, "Releases by outcome")))

    assert counted == [
        (NAMESPACE, "Releases", {"Model": "iris", "Outcome": outcome}, "Sum")
        for outcome in OUTCOMES
    ]


def test_lead_time_is_shown_in_hours(shipped: Synthesis) -> None:
    graph = _graph(shipped, "Lead time")
    expressions = [row[0]["expression"] for row in graph["properties"]["metrics"] if len(row) == 1]

    assert list(_metrics(graph)) == [(NAMESPACE, "LeadTime", {"Model": "iris"}, "Average")]
    assert expressions == ["seconds / 3600"]


@pytest.mark.parametrize(
    ("variant", "names"),
    [
        ("shipped", ["Accuracy", "MacroF1", "WorstRecall"]),
        ("closed", ["Rmse", "Mae", "R2"]),
    ],
)
def test_the_metrics_of_the_gate_are_those_of_the_task(variant: str, names: list[str]) -> None:
    graph = _graph(synthesized(variant), "Gate metrics")

    assert [name for _, name, _, _ in _metrics(graph)] == names
    assert {dimensions["Model"] for _, _, dimensions, _ in _metrics(graph)} == {"iris"}


def test_the_endpoint_is_shown_from_all_sides(shipped: Synthesis) -> None:
    shown = {
        (namespace, name, statistic)
        for widget in _widgets(shipped)
        for namespace, name, dimensions, statistic in _metrics(widget)
        if dimensions == {"EndpointName": "iris", "VariantName": "AllTraffic"}
    }

    assert shown == {
        ("AWS/SageMaker", "Invocations", "Sum"),
        ("AWS/SageMaker", "Invocation5XXErrors", "Sum"),
        ("AWS/SageMaker", "Invocation4XXErrors", "Sum"),
        ("AWS/SageMaker", "ModelLatency", "p50"),
        ("AWS/SageMaker", "ModelLatency", "p99"),
        ("/aws/sagemaker/Endpoints", "CPUUtilization", "SampleCount"),
        ("/aws/sagemaker/Endpoints", "CPUUtilization", "Average"),
        ("/aws/sagemaker/Endpoints", "MemoryUtilization", "Average"),
    }


def test_a_serverless_endpoint_shows_no_instances(disposable: Synthesis) -> None:
    namespaces = {n for widget in _widgets(disposable) for n, _, _, _ in _metrics(widget)}

    assert namespaces == {NAMESPACE, "AWS/SageMaker"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_alarm_is_on_top(variant: str) -> None:
    synthesis = synthesized(variant)
    first = _widgets(synthesis)[0]

    assert first["type"] == "alarm"
    shown = {arn.split(":")[-1] for arn in first["properties"]["alarms"]}
    assert shown == set(synthesis.resources("AWS::CloudWatch::Alarm"))
