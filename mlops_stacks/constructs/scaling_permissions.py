"""What it takes to let an endpoint scale: permissions in four services.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html
"""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam

from mlops_stacks.constructs.acknowledgment import acknowledge
from mlops_stacks.constructs.endpoint_alarms import VARIANT, allow_alarm_reads
from mlops_stacks.constructs.sagemaker_arn import sagemaker_arn

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
SCALING_ACTIONS = ("RegisterScalableTarget", "PutScalingPolicy")
"""What makes an endpoint scale."""

_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
_SERVICE_LINKED_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


def resource_id(endpoint_name: str) -> str:
    """What Application Auto Scaling calls the endpoint's instances."""
    return f"endpoint/{endpoint_name}/variant/{VARIANT}"


def allow_targets(role: iam.Role, actions: Sequence[str]) -> None:
    """Allow actions on scalable targets: on variants of SageMaker, and no other service.

    A target's ARN holds an id that Application Auto Scaling makes, and not the endpoint's name:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html
    """
    role.add_to_policy(
        iam.PolicyStatement(
            actions=[f"application-autoscaling:{action}" for action in actions],
            resources=[
                Stack.of(role).format_arn(
                    service="application-autoscaling", resource="scalable-target", resource_name="*"
                )
            ],
            conditions={
                "StringEquals": {
                    "application-autoscaling:service-namespace": "sagemaker",
                    "application-autoscaling:scalable-dimension": DIMENSION,
                }
            },
        )
    )
    acknowledge(
        role,
        finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:application-autoscaling"
        ":<AWS::Region>:<AWS::AccountId>:scalable-target/*]",
        reason="A target's id is made by the service; conditions limit it to endpoints",
    )


def allow_scaling(role: iam.Role, *, endpoint_name: str, configurations: str) -> None:
    """Allow what Application Auto Scaling wants of whoever registers an endpoint with it.

    The actions on the target itself are allowed by allow_targets.

    Args:
        role: the caller's role.
        endpoint_name: the endpoint, whose capacity the service lets its caller change.
        configurations: a pattern of the names of its configurations.
    """
    own_alarms = f"TargetTracking-{resource_id(endpoint_name)}-*"
    service_linked_role = (
        f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/aws-service-role/{_SERVICE}"
        f"/{_SERVICE_LINKED_ROLE}"
    )
    for actions, resource, conditions in (
        (
            ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"],
            sagemaker_arn(role, "endpoint", endpoint_name),
            None,
        ),
        (
            ["sagemaker:DescribeEndpointConfig"],
            sagemaker_arn(role, "endpoint-config", configurations),
            None,
        ),
        (
            ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"],
            _alarms(role, own_alarms),
            None,
        ),
        (
            ["iam:CreateServiceLinkedRole"],
            service_linked_role,
            {"StringEquals": {"iam:AWSServiceName": _SERVICE}},
        ),
    ):
        role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=[resource], conditions=conditions)
        )
    allow_alarm_reads(role)
    acknowledge(
        role,
        finding="AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:cloudwatch:<AWS::Region>"
        f":<AWS::AccountId>:alarm:{own_alarms}]",
        reason="The service names the alarms of a scaling policy itself",
    )


def _alarms(role: iam.Role, names: str) -> str:
    return Stack.of(role).format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name=names,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
