"""Which resources IAM is asked about for a SageMaker request.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BY_ARN = ("ResourceArn", "ModelPackageArn", "ModelPackageName")
_KIND_BY_MEMBER = {
    "TrainingJobName": "training-job",
    "TransformJobName": "transform-job",
    "EndpointName": "endpoint",
    "EndpointConfigName": "endpoint-config",
    "ModelName": "model",
    "ModelPackageGroupName": "model-package-group",
}
# The members that name a request's resources; every other request names one by its own name.
_SEVERAL = {
    "CreateEndpoint": ("EndpointName", "EndpointConfigName"),
    "UpdateEndpoint": ("EndpointName", "EndpointConfigName"),
}


def operation_of(path: str, target: str) -> str:
    """The operation of a request: from the path for InvokeEndpoint, else from X-Amz-Target."""
    if path.startswith("/endpoints/"):
        return "InvokeEndpoint"
    return target.rpartition(".")[2]


def resource_arns(
    operation: str, arguments: Mapping[str, Any], *, region: str, account_id: str
) -> list[str]:
    """Every ARN that the caller must be allowed to use; `["*"]` for List operations.

    `arguments` is the request's JSON; for InvokeEndpoint `{"EndpointName": …}`. IAM compares the
    resource names of SageMaker as ARNs carry them, in lower case.
    """
    for member in _BY_ARN:
        if str(arguments.get(member, "")).startswith("arn:"):
            return [arguments[member]]
    if operation.startswith("List"):
        return ["*"]
    if operation == "CreateModelPackage" and "ModelPackageGroupName" in arguments:
        members: tuple[str, ...] = ("ModelPackageGroupName",)
    else:
        members = _SEVERAL.get(operation) or tuple(_KIND_BY_MEMBER)
    arns = [
        arguments[member]
        if str(arguments[member]).startswith("arn:")
        else f"arn:aws:sagemaker:{region}:{account_id}:{_KIND_BY_MEMBER[member]}/"
        f"{str(arguments[member]).lower()}"
        for member in members
        if arguments.get(member)
    ]
    if operation not in _SEVERAL:
        arns = arns[:1]  # CreateTransformJob names a model too, but is authorised on the job
    return arns or ["*"]
