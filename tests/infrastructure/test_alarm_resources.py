"""Alarms: on what, for whom, and in words that say what has happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.event_rules import function_arn
from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.policies import role
from tests.infrastructure.synthesis import VARIANTS, Synthesis, synthesized

_ALARM = "AWS::CloudWatch::Alarm"
_ENDPOINT = {"EndpointName": "iris", "VariantName": "AllTraffic"}
_WORKFLOW = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:iris-release"


def _alarms(synthesis: Synthesis) -> dict[str, dict[str, Any]]:
    templates = synthesis.templates
    intrinsics = Intrinsics(templates["release"], others=(templates["foundation"],))
    return {
        logical_id: intrinsics.resolve(alarm["Properties"])
        for logical_id, alarm in synthesis.resources(_ALARM).items()
    }


def _watched(alarm: dict[str, Any]) -> tuple[str, str, dict[str, str], str, int, int]:
    statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    return (
        alarm["Namespace"],
        alarm["MetricName"],
        dimensions,
        statistic,
        alarm["Period"],
        alarm["Threshold"],
    )


def test_each_alarm_watches_what_it_should(
    shipped: Synthesis, release_intrinsics: Intrinsics
) -> None:
    watched = [_watched(alarm) for alarm in _alarms(shipped).values()]

    def errors(folder: str) -> tuple[str, str, dict[str, str], str, int, int]:
        name = function_arn(shipped, release_intrinsics, folder).split(":")[-1]
        return ("AWS/Lambda", "Errors", {"FunctionName": name}, "Sum", 300, 1)

    expected: list[tuple[str, str, dict[str, str], str, int, int]] = [
        ("AWS/SageMaker", "Invocation5XXErrors", _ENDPOINT, "Sum", 60, 1),
        ("ModelRelease", "Releases", {"Model": "iris", "Outcome": "failed"}, "Sum", 300, 1),
        ("AWS/States", "ExecutionsTimedOut", {"StateMachineArn": _WORKFLOW}, "Sum", 300, 1),
        errors("tell_workflow"),
        errors("record_outcome"),
        errors("clean_up"),
    ]
    assert sorted(watched, key=str) == sorted(expected, key=str)


def test_limits_of_the_endpoint_are_those_of_the_settings(closed: Synthesis) -> None:
    watched = [
        _watched(alarm)
        for alarm in _alarms(closed).values()
        if alarm["Namespace"] == "AWS/SageMaker"
    ]

    assert watched == [
        ("AWS/SageMaker", "Invocation5XXErrors", _ENDPOINT, "Sum", 60, 5),
        # Told in microseconds: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
        ("AWS/SageMaker", "ModelLatency", _ENDPOINT, "p99", 60, 500_000),
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_alarm_is_mailed_and_rings_only_for_what_was_measured(variant: str) -> None:
    outcomes = f"arn:aws:sns:{REGION}:{ACCOUNT}:MailOutcomes87337B1C"
    for name, alarm in _alarms(synthesized(variant)).items():
        assert alarm["AlarmActions"] == [outcomes], name
        assert alarm["TreatMissingData"] == "notBreaching", name
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold", name
        assert alarm["EvaluationPeriods"] == 1, name


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_alarm_is_a_plain_metric_and_says_what_happened(variant: str) -> None:
    for name, alarm in _alarms(synthesized(variant)).items():
        assert "Metrics" not in alarm, name
        assert "iris" in alarm["AlarmDescription"], name
        assert len(alarm["AlarmDescription"].split()) >= 8, name


def test_the_alarms_that_end_an_update_are_those_of_the_endpoint(closed: Synthesis) -> None:
    update = str(closed.states["Update the endpoint"]["Arguments"]["DeploymentConfig"])
    serving = role(closed, "SageMakerServingRole")
    alarms = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"

    for name, alarm in _alarms(closed).items():
        ends = alarm["Namespace"] == "AWS/SageMaker"
        assert (f'"AlarmName": "{name}"' in update) is ends
    # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    assert serving.allows("cloudwatch:DescribeAlarms", f"{alarms}:*")


def test_no_alarm_ends_the_update_of_a_serverless_endpoint(disposable: Synthesis) -> None:
    serving = role(disposable, "SageMakerServingRole")

    for name in _alarms(disposable):
        alarm = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
        assert not serving.allows("cloudwatch:DescribeAlarms", alarm)
