"""What scaling an endpoint takes of the workflow's role, and what it must not be able to touch."""

from __future__ import annotations

import pytest

from tests.infrastructure.intrinsics import ACCOUNT, REGION
from tests.infrastructure.policies import Role, role
from tests.infrastructure.synthesis import VARIANTS, Synthesis, synthesized

_SAGEMAKER = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
_SCALING = {
    "application-autoscaling_service-namespace": "sagemaker",
    "application-autoscaling_scalable-dimension": "sagemaker:variant:DesiredInstanceCount",
}
_TARGETS = f"arn:aws:application-autoscaling:{REGION}:{ACCOUNT}:scalable-target"
_ALARMS = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
_SERVICE_LINKED_ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{_SERVICE}"
    "/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
# What Application Auto Scaling asks of its caller:
# https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
_OF_THE_CALLER = [
    ("sagemaker:DescribeEndpoint", f"{_SAGEMAKER}:endpoint/iris"),
    ("sagemaker:DescribeEndpointConfig", f"{_SAGEMAKER}:endpoint-config/iris--1"),
    ("sagemaker:UpdateEndpointWeightsAndCapacities", f"{_SAGEMAKER}:endpoint/iris"),
    (
        "cloudwatch:PutMetricAlarm",
        f"{_ALARMS}:TargetTracking-endpoint/iris/variant/AllTraffic-AlarmHigh-1f2e",
    ),
    (
        "cloudwatch:DeleteAlarms",
        f"{_ALARMS}:TargetTracking-endpoint/iris/variant/AllTraffic-AlarmLow-1f2e",
    ),
    ("cloudwatch:DescribeAlarms", f"{_ALARMS}:*"),
]
# What an update that watches alarms needs as well.
_ALSO_UNSCALED = {"sagemaker:DescribeEndpoint", "cloudwatch:DescribeAlarms"}


@pytest.fixture(scope="module")
def workflow(shipped: Synthesis) -> Role:
    """The state machine's role."""
    return role(shipped, "WorkflowPermissionsRole")


@pytest.mark.parametrize(("action", "resource"), _OF_THE_CALLER)
def test_what_scaling_asks_of_its_caller_is_allowed_where_the_endpoint_scales(
    closed: Synthesis, workflow: Role, action: str, resource: str
) -> None:
    assert workflow.allows(action, resource)
    if action not in _ALSO_UNSCALED:
        assert not role(closed, "WorkflowPermissionsRole").allows(action, resource)


@pytest.mark.parametrize(("action", "resource"), _OF_THE_CALLER)
def test_and_on_the_like_of_another_endpoint_it_is_not(
    workflow: Role, action: str, resource: str
) -> None:
    if "/iris" in resource:
        for other in ("/iris2", "/other", "/iris-b--1"):
            assert not workflow.allows(action, resource.replace("/iris", other, 1))
    if "Alarms" in action or "MetricAlarm" in action:
        assert not workflow.allows("cloudwatch:PutMetricAlarm", f"{_ALARMS}:EndpointAlarmsErrors")
        assert not workflow.allows("cloudwatch:DeleteAlarms", f"{_ALARMS}:EndpointAlarmsErrors")


def test_targets_of_other_services_are_not_touched(workflow: Role, closed: Synthesis) -> None:
    register = "application-autoscaling:RegisterScalableTarget"
    assert workflow.allows(register, f"{_TARGETS}/x", **_SCALING)
    for key, other in (
        ("application-autoscaling_service-namespace", "dynamodb"),
        ("application-autoscaling_scalable-dimension", "dynamodb:table:ReadCapacityUnits"),
    ):
        assert not workflow.allows(register, f"{_TARGETS}/x", **{**_SCALING, key: other})
    assert not workflow.allows(register, f"{_TARGETS}/x")
    # Without scaling in the settings, a target can be taken off and nothing else.
    unscaled = role(closed, "WorkflowPermissionsRole")
    assert not unscaled.allows(register, f"{_TARGETS}/x", **_SCALING)


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_scales_may_be_deleted_and_so_taken_off_the_scaling(variant: str) -> None:
    deregister = "application-autoscaling:DeregisterScalableTarget"
    deleting = role(synthesized(variant), "WorkflowPermissionsRole")

    assert deleting.allows("sagemaker:DeleteEndpoint", f"{_SAGEMAKER}:endpoint/iris")
    assert deleting.allows(deregister, f"{_TARGETS}/x", **_SCALING)
    assert not deleting.allows(deregister, f"{_TARGETS}/x")
    other = {**_SCALING, "application-autoscaling_service-namespace": "dynamodb"}
    assert not deleting.allows(deregister, f"{_TARGETS}/x", **other)


def test_the_alarms_that_are_looked_at_are_those_of_the_endpoint(
    closed: Synthesis, disposable: Synthesis
) -> None:
    looked_at = closed.states["Look at the alarms"]["Arguments"]["AlarmNames"]
    unscaled = role(closed, "WorkflowPermissionsRole")

    assert len(looked_at) == 2
    assert set(looked_at) < set(closed.resources("AWS::CloudWatch::Alarm"))
    # Several at once are judged as all.
    assert unscaled.allows("cloudwatch:DescribeAlarms", f"{_ALARMS}:*")
    assert not unscaled.allows("cloudwatch:PutMetricAlarm", f"{_ALARMS}:{looked_at[0]}")
    # Updates of a serverless endpoint ask no alarm.
    serverless = role(disposable, "WorkflowPermissionsRole")
    assert "Look at the alarms" not in disposable.states
    for name in disposable.resources("AWS::CloudWatch::Alarm"):
        assert not serverless.allows("cloudwatch:DescribeAlarms", f"{_ALARMS}:{name}")


def test_only_the_one_service_linked_role_can_be_made(workflow: Role, closed: Synthesis) -> None:
    create = "iam:CreateServiceLinkedRole"
    assert workflow.allows(create, _SERVICE_LINKED_ROLE, iam_AWSServiceName=_SERVICE)
    assert not workflow.allows(create, _SERVICE_LINKED_ROLE)
    other = "ecs.application-autoscaling.amazonaws.com"
    assert not workflow.allows(create, _SERVICE_LINKED_ROLE, iam_AWSServiceName=other)
    elsewhere = _SERVICE_LINKED_ROLE.replace(_SERVICE, other)
    assert not workflow.allows(create, elsewhere, iam_AWSServiceName=_SERVICE)
    unscaled = role(closed, "WorkflowPermissionsRole")
    assert not unscaled.allows(create, _SERVICE_LINKED_ROLE, iam_AWSServiceName=_SERVICE)
