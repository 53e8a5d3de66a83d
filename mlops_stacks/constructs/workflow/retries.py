"""Retries of what is transient."""

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks


def retry_sagemaker(state: sfn.TaskStateBase | sfn.CustomState) -> None:
    """Try a SageMaker call again on throttling, and while a quota is used up by other jobs.

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


def retry_look_up(state: sfn.CustomState) -> None:
    """Try a look-up again on throttling, shortly: one that finds nothing fails by the same name."""
    state.add_retry(
        errors=["SageMaker.SageMakerException"],
        interval=Duration.seconds(1),
        max_attempts=2,
        backoff_rate=2,
    )


def retry_lambda(state: tasks.LambdaInvoke) -> None:
    """Try a function again on throttling, and when it met a passing fault of another service.

    The CDK's own retries leave both out. `TransientError` is what the functions raise.

    https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
    """
    state.add_retry(
        errors=["Lambda.TooManyRequestsException", "TransientError", "Sandbox.Timedout"],
        interval=Duration.seconds(2),
        max_attempts=6,
        backoff_rate=2,
        jitter_strategy=sfn.JitterType.FULL,
    )
