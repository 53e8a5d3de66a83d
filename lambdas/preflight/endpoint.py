"""Whether the endpoint can take a new model at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from shared.logs import log_event
from shared.release_resources import is_missing
from shared.transient import error_name, is_transient

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef

# The workflow waits while an endpoint changes, and replaces one that has failed; out of these it
# does not come by itself.
_STUCK = {"OutOfService", "UpdateRollbackFailed"}


@dataclass(frozen=True, kw_only=True)
class EndpointState:
    """What is there now.

    Attributes:
        instances: so many it has, which an update runs new ones beside.
        instance_type: of these; "" if it is not known.
        fault: why it takes no new model, and what to do; "" if it does.
    """

    instances: int = 0
    instance_type: str = ""
    fault: str = ""


def look(sagemaker: SageMakerClient, *, endpoint_name: str) -> EndpointState:
    """Look at the endpoint.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call failed.
    """
    try:
        answer = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    except ClientError as error:
        if is_missing(error):
            return EndpointState()
        raise
    status = answer["EndpointStatus"]
    if status not in _STUCK:
        return EndpointState() if status == "Failed" else _running(sagemaker, answer)
    reason = answer.get("FailureReason", "")
    return EndpointState(
        fault=f"The endpoint {endpoint_name} is {status}{f': {reason}' if reason else ''}. "
        "SageMaker does not mend it by itself. Put it on a configuration that worked with `aws "
        "sagemaker update-endpoint`, or delete it with `aws sagemaker delete-endpoint`, so that "
        "the release makes a new one. Then release again.",
    )


def _running(sagemaker: SageMakerClient, endpoint: DescribeEndpointOutputTypeDef) -> EndpointState:
    """The instances that serve, and their type, which only the configuration tells."""
    # While an endpoint is made, it has none yet.
    instances = sum(
        max(variant.get("CurrentInstanceCount", 0), variant.get("DesiredInstanceCount", 0))
        for variant in endpoint.get("ProductionVariants", [])
    )
    try:
        configuration = sagemaker.describe_endpoint_config(
            EndpointConfigName=endpoint["EndpointConfigName"]
        )
    except ClientError as error:
        if is_transient(error):
            raise
        # It may have been deleted, or be somebody else's: then it counts as of the same type.
        log_event("configurationUnknown", level="WARNING", reason=error_name(error))
        return EndpointState(instances=instances)
    types = {variant.get("InstanceType", "") for variant in configuration["ProductionVariants"]}
    return EndpointState(instances=instances, instance_type=types.pop() if len(types) == 1 else "")
