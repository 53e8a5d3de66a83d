"""Whether the endpoint can take a new model at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from shared.release_resources import is_missing

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# The workflow waits while an endpoint changes, and replaces one that has failed; out of these it
# does not come by itself.
_STUCK = {"OutOfService", "UpdateRollbackFailed"}


@dataclass(frozen=True, kw_only=True)
class EndpointState:
    """What is there now.

    Attributes:
        runs: whether it has instances, which an update runs new ones beside.
        fault: why it takes no new model, and what to do; "" if it does.
    """

    runs: bool
    fault: str = ""


def look(sagemaker: SageMakerClient, *, endpoint_name: str) -> EndpointState:
    """Look at the endpoint.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as DescribeEndpoint.
    """
    try:
        answer = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    except ClientError as error:
        if is_missing(error):
            return EndpointState(runs=False)
        raise
    status = answer["EndpointStatus"]
    if status not in _STUCK:
        return EndpointState(runs=status != "Failed")
    reason = answer.get("FailureReason", "")
    return EndpointState(
        runs=True,
        fault=f"The endpoint {endpoint_name} is {status}{f': {reason}' if reason else ''}. "
        "SageMaker does not mend it by itself. Put it on a configuration that worked with `aws "
        "sagemaker update-endpoint`, or delete it with `aws sagemaker delete-endpoint`, so that "
        "the release makes a new one. Then release again.",
    )
