"""Names of Step Functions' service integrations."""

from aws_cdk import Aws


def integration(service: str, action: str) -> str:
    """The `Resource` of a Task state in whatever partition the stack is deployed to.

    Args:
        service: an optimised integration such as `sagemaker`, or `aws-sdk:sagemaker`.
        action: the API's name in camel case, with `.sync` to wait for a job.
    """
    return f"arn:{Aws.PARTITION}:states:::{service}:{action}"
