"""What releases of a model have made outside the stacks, taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from shared.logs import log_event
from shared.release_resources import delete_all, is_missing, list_configurations, list_models

from tear_down.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_stepfunctions import SFNClient

_VARIANT = "AllTraffic"
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
_CHANGING = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The services that are asked."""

    sagemaker: SageMakerClient
    stepfunctions: SFNClient
    autoscaling: ApplicationAutoScalingClient


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What is torn down."""

    model_name: str
    endpoint_name: str
    state_machine_arn: str


def remove_release(clients: Clients, deployment: Deployment, *, patience: Patience) -> None:
    """Stop what runs, then delete the endpoint, then what it was made of.

    Repeated, it finds less to do and ends the same.

    Raises:
        TookTooLong, NotDeletedError
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call was refused.
    """
    sagemaker = clients.sagemaker
    # A release that runs on would make the endpoint anew.
    patience.repeat(lambda: _stop_executions(clients.stepfunctions, deployment.state_machine_arn))
    patience.repeat(lambda: _stop_scaling(clients.autoscaling, deployment.endpoint_name))
    patience.repeat(lambda: _delete_endpoint(sagemaker, deployment.endpoint_name))
    patience.repeat(lambda: _delete_parts(sagemaker, deployment.model_name))
    log_event("releaseRemoved", modelName=deployment.model_name)


def _stop_executions(stepfunctions: SFNClient, state_machine_arn: str) -> str:
    try:
        pages = stepfunctions.get_paginator("list_executions").paginate(
            stateMachineArn=state_machine_arn, statusFilter="RUNNING"
        )
        running = [one["executionArn"] for page in pages for one in page["executions"]]
    except stepfunctions.exceptions.StateMachineDoesNotExist:
        return ""
    for arn in running:
        try:
            stepfunctions.stop_execution(
                executionArn=arn,
                error="StackDeleted",
                cause="The stack of this model is being deleted.",
            )
        except stepfunctions.exceptions.ExecutionDoesNotExist:
            continue
    return f"{len(running)} executions of the workflow to stop" if running else ""


def _stop_scaling(autoscaling: ApplicationAutoScalingClient, endpoint_name: str) -> str:
    """Forget the endpoint's scaling, before the endpoint goes.

    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-delete.html
    """
    try:
        autoscaling.deregister_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{endpoint_name}/variant/{_VARIANT}",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        )
    except autoscaling.exceptions.ObjectNotFoundException:
        return ""
    except autoscaling.exceptions.ConcurrentUpdateException:
        return f"the scaling of endpoint {endpoint_name} to be free"
    return ""


def _delete_endpoint(sagemaker: SageMakerClient, name: str) -> str:
    try:
        status = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
        if status not in _CHANGING:
            sagemaker.delete_endpoint(EndpointName=name)
            status = "Deleting"
    except ClientError as error:
        if is_missing(error):
            return ""
        if "in-progress" not in error.response["Error"].get("Message", ""):
            raise
        status = "Updating"
    return f"endpoint {name}, which is still {status}"


def _delete_parts(sagemaker: SageMakerClient, model_name: str) -> str:
    configurations = list_configurations(sagemaker, model_name=model_name)
    models = list_models(sagemaker, model_name=model_name)
    delete_all(sagemaker, configurations=[one.name for one in configurations], models=models)
    return ""
