"""ARNs of what SageMaker has in this account."""

from aws_cdk import ArnFormat, Stack
from constructs import IConstruct


def sagemaker_arn(scope: IConstruct, resource: str, name: str) -> str:
    """The ARN of a resource, or of all whose names match a pattern.

    Args:
        scope: any construct of the stack.
        resource: the kind, such as `endpoint`.
        name: the name or pattern.
    """
    return Stack.of(scope).format_arn(
        service="sagemaker",
        resource=resource,
        resource_name=name,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
