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


def retry_watching(state: sfn.CustomState) -> None:
    """Ask for the endpoint again for ten minutes: a fault of the API ends no roll-out."""
    state.add_retry(
        errors=["SageMaker.SageMakerException", "SageMaker.SdkClientException"],
        interval=Duration.seconds(10),
        max_attempts=6,
        backoff_rate=2,
    )


def retry_alarms(state: sfn.CustomState) -> None:
    """Look at alarms again on throttling.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    state.add_retry(
        errors=["CloudWatch.CloudWatchException", "CloudWatch.SdkClientException"],
        interval=Duration.seconds(2),
        max_attempts=5,
        backoff_rate=2,
        jitter_strategy=sfn.JitterType.FULL,
    )


def retry_scaling(state: sfn.CustomState) -> None:
    """Try a call of Application Auto Scaling again on throttling, or while another one runs.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
    """
    state.add_retry(
        errors=[
            "ApplicationAutoScaling.ApplicationAutoScalingException",
            "ApplicationAutoScaling.ConcurrentUpdateException",
            "ApplicationAutoScaling.InternalServiceException",
        ],
        interval=Duration.seconds(5),
        max_attempts=4,
        backoff_rate=2,
        jitter_strategy=sfn.JitterType.FULL,
    )
