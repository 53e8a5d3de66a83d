"""Retries of what is transient."""

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn


def retry_sagemaker(state: sfn.TaskStateBase | sfn.CustomState) -> None:
    """Try a SageMaker call again on throttling and for want of capacity.

    The optimised integration reports throttling, like all that SageMaker's model does not name,
    as AmazonSageMakerException, the SDK integration as SageMakerException:
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
    """
    state.add_retry(
        errors=["SageMaker.ResourceLimitExceededException"],
        interval=Duration.seconds(60),
        max_attempts=3,
        backoff_rate=2,
    )
    state.add_retry(
        errors=["SageMaker.AmazonSageMakerException", "SageMaker.SageMakerException"],
        interval=Duration.seconds(2),
        max_attempts=3,
        backoff_rate=3,
        jitter_strategy=sfn.JitterType.FULL,
    )
