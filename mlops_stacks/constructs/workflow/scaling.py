"""The endpoint's instances follow the traffic, or stay as many as the configuration says.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
"""

from collections.abc import Mapping

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from mlops_stacks.constructs.scaling_permissions import DIMENSION, resource_id
from mlops_stacks.constructs.workflow.failure import FailurePath
from mlops_stacks.constructs.workflow.retries import retry_scaling
from mlops_stacks.constructs.workflow.task_resource import integration
from mlops_stacks.settings_endpoint import AutoscalingSettings


def scale(
    scope: Construct,
    *,
    settings: AutoscalingSettings,
    endpoint_name: str,
    then: sfn.IChainable,
    failure: FailurePath,
) -> sfn.CustomState:
    """States that let the endpoint, which must exist before, scale with the traffic.

    Args:
        scope: the states' construct.
        settings: how far and how fast.
        endpoint_name: the endpoint.
        then: where to go on.
        failure: where a failing state ends.
    """
    register = _call(
        scope,
        "Scale with the traffic",
        "registerScalableTarget",
        {
            **_target(endpoint_name),
            "MinCapacity": settings.min_instances,
            "MaxCapacity": settings.max_instances,
        },
    )
    policy = _call(
        scope,
        "Set the pace of scaling",
        "putScalingPolicy",
        {
            **_target(endpoint_name),
            "PolicyName": f"{endpoint_name}-invocations",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": settings.invocations_per_instance,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                },
                "ScaleInCooldown": settings.scale_in_cooldown_seconds,
                "ScaleOutCooldown": settings.scale_out_cooldown_seconds,
            },
        },
    )
    failure.catch(register)
    failure.catch(policy)
    register.next(policy).next(then)
    return register


def stop_scaling(
    scope: Construct, *, endpoint_name: str, then: sfn.IChainable, failure: FailurePath
) -> sfn.CustomState:
    """A state that ends what was begun under other settings; mostly, nothing was.

    An update to other machines is refused for an endpoint that scales:
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html

    Args:
        scope: the state's construct.
        endpoint_name: the endpoint.
        then: where to go on.
        failure: where it ends if it fails.
    """
    stop = _call(
        scope, "Stop scaling with the traffic", "deregisterScalableTarget", _target(endpoint_name)
    )
    stop.add_catch(then, errors=["ApplicationAutoScaling.ObjectNotFoundException"])
    failure.catch(stop)
    stop.next(then)
    return stop


def _target(endpoint_name: str) -> Mapping[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id(endpoint_name),
        "ScalableDimension": DIMENSION,
    }


def _call(
    scope: Construct, construct_id: str, action: str, arguments: Mapping[str, object]
) -> sfn.CustomState:
    state = sfn.CustomState(
        scope,
        construct_id,
        state_json={
            "Type": "Task",
            "Resource": integration("aws-sdk:applicationautoscaling", action),
            "Arguments": arguments,
        },
    )
    retry_scaling(state)
    return state
