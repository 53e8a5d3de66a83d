"""How a new model comes onto the endpoint, and how the last one comes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.answers import (
    RELEASE_INPUT,
    SMOKE_TEST_CAUSE,
    all_well,
    endpoint,
    fails,
)
from tests.infrastructure.execution import Walk, execute

_SENTENCE = 'Answered "setosa", not virginica.'
_BUSY = fails("SageMaker.SageMakerException", "Cannot update in-progress endpoint")


def _walk(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = {**all_well(), **{name.replace("_", " "): new for name, new in changes.items()}}
    return execute(definition, RELEASE_INPUT, answers=answers)


def _silent(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    """A release whose model does not answer as it should, on an endpoint that served `old`."""
    failing = {
        "Look_up_the_endpoint": endpoint("InService", "old"),
        "Try_the_endpoint": fails("SmokeTestFailed", SMOKE_TEST_CAUSE),
    }
    return _walk(definition, **{**failing, **changes})


def test_an_update_goes_in_steps_that_an_alarm_can_end(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Look_up_the_endpoint=endpoint("InService"))

    assert walk.arguments("Update the endpoint")["DeploymentConfig"] == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 60,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            },
            "TerminationWaitInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": 3600 + 2 * 60,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "EndpointAlarmsErrors3D88A810"}]},
    }


@pytest.mark.parametrize(
    ("instances", "excluded"),
    [
        (4, ["DataCaptureConfig"]),
        (2, ["DataCaptureConfig"]),
        # Fewer than may scale: an endpoint of before scaling was switched on.
        (1, ["DataCaptureConfig", "DesiredInstanceCount"]),
    ],
)
def test_an_endpoint_that_scales_keeps_its_instances(
    definition: dict[str, Any], instances: int, excluded: list[str]
) -> None:
    walk = _walk(definition, Look_up_the_endpoint=endpoint("InService", instances=instances))

    update = walk.arguments("Update the endpoint")
    assert update["RetainAllVariantProperties"] is True
    kinds = [one["VariantPropertyType"] for one in update["ExcludeRetainedVariantProperties"]]
    assert kinds == excluded


def test_scaling_begins_once_the_new_model_is_live_and_tried(definition: dict[str, Any]) -> None:
    walk = _walk(definition)

    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/iris/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    assert walk.visited.index("Try the endpoint") < walk.visited.index("Scale with the traffic")
    assert walk.arguments("Scale with the traffic") == {
        **target,
        "MinCapacity": 2,
        "MaxCapacity": 4,
    }
    assert walk.arguments("Set the pace of scaling") == {
        **target,
        "PolicyName": "iris-invocations",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 600,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 60,
        },
    }


def test_a_model_that_does_not_answer_gives_way_to_the_last_one(
    definition: dict[str, Any],
) -> None:
    walk = _silent(
        definition, Check_the_last_model=[endpoint("Updating", "old"), endpoint("InService", "old")]
    )

    update = walk.arguments("Put the last model back")
    assert update["EndpointConfigName"] == "old"
    assert update["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] == {
        "Type": "ALL_AT_ONCE",
        "WaitIntervalInSeconds": 0,
    }
    assert "AutoRollbackConfiguration" not in update["DeploymentConfig"]
    assert walk.visited.count("Wait for the last model") == 2
    assert walk.error == "SmokeTestFailed"
    assert walk.cause == f"{_SENTENCE} The last model serves again: old."
    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert failure == {**failure, "state": "Try the endpoint", "cause": walk.cause}


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        (
            {"Put_the_last_model_back": _BUSY},
            "The failing model may still serve: the last one could not be put back: "
            "Cannot update in-progress endpoint",
        ),
        (
            {"Put_the_last_model_back": fails("SageMaker.SageMakerException", "AccessDenied")},
            "The failing model may still serve: the last one could not be put back: AccessDenied",
        ),
        (
            {"Look_before_going_back": fails("SageMaker.SageMakerException", "Rate exceeded")},
            "The failing model may still serve: the endpoint could not be looked at: Rate exceeded",
        ),
        (
            {"Look_before_going_back": endpoint("InService", "newer")},
            "Another release has changed the endpoint, so it was left as it is: "
            "InService on newer.",
        ),
        (
            {"Look_before_going_back": [endpoint("Updating", "old"), endpoint("Failed", "newer")]},
            "Another release has changed the endpoint, so it was left as it is: Failed on newer.",
        ),
        (
            {"Check_the_last_model": fails("SageMaker.SageMakerException", "Rate exceeded")},
            "The last model was put back, but whether it serves is not known: Rate exceeded",
        ),
        (
            {"Check_the_last_model": endpoint("InService", "iris--new", FailureReason="No room")},
            "The last model was put back, but the endpoint is InService on iris--new: No room",
        ),
        (
            {"Check_the_last_model": endpoint("UpdateRollbackFailed", "old", FailureReason="Ouch")},
            "The last model was put back, but the endpoint is UpdateRollbackFailed on old: Ouch",
        ),
        (
            {"Check_the_last_model": endpoint("Updating", "old")},
            "The last model was put back, but the endpoint is Updating on old: "
            "SageMaker gave no reason",
        ),
    ],
)
def test_a_way_back_that_fails_is_told_and_hides_no_error(
    definition: dict[str, Any], changes: dict[str, Any], end: str
) -> None:
    walk = _silent(definition, **changes)

    assert walk.error == "SmokeTestFailed"
    assert walk.cause == f"{_SENTENCE} {end}"
    assert walk.visited[-2:] == ["Mail the failure", "Release failed"]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({}, "The endpoint was removed: it served no model before."),
        (
            {"Remove_the_failing_endpoint": fails("SageMaker.SageMakerException", "Not now")},
            "The endpoint could not be removed: Not now",
        ),
    ],
)
def test_a_first_model_that_does_not_answer_leaves_no_endpoint(
    definition: dict[str, Any], changes: dict[str, Any], end: str
) -> None:
    failing = fails("SmokeTestFailed", SMOKE_TEST_CAUSE)

    walk = _walk(definition, Try_the_endpoint=failing, **changes)

    assert walk.arguments("Remove the failing endpoint") == {"EndpointName": "iris"}
    assert (walk.error, walk.cause) == ("SmokeTestFailed", f"{_SENTENCE} {end}")
    assert "Put the last model back" not in walk.visited


def test_an_endpoint_that_could_not_be_tried_is_put_back_under_its_own_error(
    definition: dict[str, Any],
) -> None:
    walk = _silent(
        definition,
        Try_the_endpoint=fails("TransientError", "Nobody answers."),
        Check_the_last_model=endpoint("InService", "old"),
    )

    assert walk.error == "TransientError"
    assert walk.cause == "Nobody answers. The last model serves again: old."


def test_a_failed_endpoint_that_was_replaced_is_nothing_to_go_back_to(
    definition: dict[str, Any],
) -> None:
    gone = all_well()["Look up the endpoint"]

    walk = _silent(definition, Look_up_the_endpoint=[endpoint("Failed", "broken"), gone])

    assert "Remove the failing endpoint" in walk.visited
    assert walk.visited.count("Put the last model back") == 0
