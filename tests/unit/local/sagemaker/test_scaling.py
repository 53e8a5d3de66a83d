"""Application Auto Scaling's records of endpoint variants."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.sagemaker.scaling import DIMENSION
from tests.unit.local.sagemaker.conftest import Room
from tests.unit.local.sagemaker.test_endpoints import answer, config, serve, settled

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/E-1/variant/V0",
    "ScalableDimension": DIMENSION,
}
NAMESPACE = {"ServiceNamespace": "sagemaker"}


def policy(**config: object) -> dict[str, Any]:
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    tracking = {"TargetValue": 70.0, "PredefinedMetricSpecification": metric, **config}
    return {
        **TARGET,
        "PolicyName": "invocations",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": tracking,
    }


def call(room: Room, operation: str, **arguments: object) -> dict[str, Any]:
    status, headers, content = room.service.scaling.answer(
        operation, json.dumps(arguments).encode()
    )
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    answer: dict[str, Any] = json.loads(content)
    assert (status == 200) == ("__type" not in answer)
    return answer


@pytest.fixture
def scaled(room: Room) -> Room:
    serve(room)
    call(room, "RegisterScalableTarget", **TARGET, MinCapacity=1, MaxCapacity=4)
    return room


def test_a_target_and_its_policy_are_kept_until_deregistered(scaled: Room) -> None:
    arn = call(scaled, "PutScalingPolicy", **policy())["PolicyARN"]
    [target] = call(scaled, "DescribeScalableTargets", **NAMESPACE)["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    [kept] = call(scaled, "DescribeScalingPolicies", **NAMESPACE)["ScalingPolicies"]
    assert kept["PolicyARN"] == arn
    assert kept["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70.0
    # Again changes both in place
    again = call(scaled, "RegisterScalableTarget", **TARGET, MaxCapacity=6)
    assert again["ScalableTargetARN"] == target["ScalableTargetARN"]
    assert call(scaled, "PutScalingPolicy", **policy(TargetValue=90))["PolicyARN"] == arn
    [target] = call(scaled, "DescribeScalableTargets", **NAMESPACE)["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 6)
    # And policies go with their target
    call(scaled, "DeregisterScalableTarget", **TARGET)
    assert call(scaled, "DescribeScalableTargets", **NAMESPACE)["ScalableTargets"] == []
    assert call(scaled, "DescribeScalingPolicies", **NAMESPACE)["ScalingPolicies"] == []


def test_the_count_is_brought_into_range(scaled: Room) -> None:
    call(scaled, "RegisterScalableTarget", **TARGET, MinCapacity=3, MaxCapacity=4)
    [variant] = scaled.sagemaker.describe_endpoint(EndpointName="E-1")["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ResourceId": "endpoint/none/variant/V0"}, "Could not find endpoint"),
        ({"ResourceId": "endpoint/E-1/variant/V9"}, "no variant V9"),
        ({"ResourceId": "E-1"}, "must look like endpoint/"),
        ({"MinCapacity": None}, "are required"),
        ({"MinCapacity": 5}, "larger than MaxCapacity"),
        ({"ServiceNamespace": "dynamodb"}, "namespace sagemaker only"),
        ({"ServiceNamespace": "cake"}, "enum value set"),
        ({"Flavour": "x"}, "Unknown parameter"),
    ],
)
def test_targets_that_are_refused(room: Room, change: dict[str, Any], message: str) -> None:
    serve(room)
    wanted = {**TARGET, "MinCapacity": 1, "MaxCapacity": 4, **change}
    given = {key: value for key, value in wanted.items() if value is not None}
    answer = call(room, "RegisterScalableTarget", **given)
    assert answer["__type"] == "ValidationException"
    assert message in answer["message"]


def test_what_is_not_there_is_not_found(scaled: Room) -> None:
    other = {**TARGET, "ResourceId": "endpoint/E-1/variant/V1"}
    for operation, arguments in (
        ("DeregisterScalableTarget", other),
        ("PutScalingPolicy", {**policy(), **other}),
        ("DeleteScalingPolicy", {**TARGET, "PolicyName": "none"}),
    ):
        assert call(scaled, operation, **arguments)["__type"] == "ObjectNotFoundException"


def test_policies_that_are_refused(scaled: Room) -> None:
    for change, message in (
        ({"PolicyType": "StepScaling"}, "TargetTrackingScaling only"),
        (policy(TargetValue=0), "larger than 0"),
        (policy(CustomizedMetricSpecification={}), "Give one of"),
    ):
        answer = call(scaled, "PutScalingPolicy", **{**policy(), **change})
        assert answer["__type"] == "ValidationException"
        assert message in answer["message"]
    call(scaled, "PutScalingPolicy", **policy())
    call(scaled, "DeleteScalingPolicy", **TARGET, PolicyName="invocations")
    assert call(scaled, "DescribeScalingPolicies", **NAMESPACE)["ScalingPolicies"] == []


def test_a_caller_who_may_not_deregister_cannot_delete_a_scaled_endpoint(scaled: Room) -> None:
    scaled.deregisterable = False
    with pytest.raises(ClientError, match="DeregisterScalableTarget") as refused:
        scaled.sagemaker.delete_endpoint(EndpointName="E-1")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    assert answer(scaled)["Body"].read() == b"1+2\n"
    # Without a target nobody is asked for that
    call(scaled, "DeregisterScalableTarget", **TARGET)
    scaled.sagemaker.delete_endpoint(EndpointName="E-1")


def test_target_and_policy_go_with_their_endpoint(scaled: Room) -> None:
    call(scaled, "PutScalingPolicy", **policy())
    scaled.sagemaker.delete_endpoint(EndpointName="E-1")
    assert call(scaled, "DescribeScalableTargets", **NAMESPACE)["ScalableTargets"] == []
    assert call(scaled, "DescribeScalingPolicies", **NAMESPACE)["ScalingPolicies"] == []


def test_a_scaled_variant_keeps_its_instance_type(scaled: Room) -> None:
    # Given a configuration of another type, and one of another model
    scaled.model("m2", MODE="count")
    config(scaled, "larger", "m1", instance_type="ml.m5.large")
    config(scaled, "other-model", "m2")

    def update(name: str) -> None:
        scaled.sagemaker.update_endpoint(EndpointName="E-1", EndpointConfigName=name)

    # Then the first is refused while a target is registered
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        update("larger")
    update("other-model")
    assert settled(scaled)["EndpointConfigName"] == "other-model"
    call(scaled, "DeregisterScalableTarget", **TARGET)
    update("larger")
    assert settled(scaled)["EndpointConfigName"] == "larger"
