"""AWS clients, each made on first use and kept for the life of the execution environment.

Standard retry mode backs off on throttling and transient errors:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

# Functions that nobody waits for make these calls: a longer wait beats another run of the step.
_PATIENT = Config(
    connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3}
)

# The approval page makes four calls in a row (KMS once, DynamoDB three times), and an HTTP API
# gives up after 30 seconds. At worst each takes 2 attempts of 3 seconds and a second's pause, 28 in
# all: then the page can still say that nobody could be reached.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
_PROMPT = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)

# A large prediction object may be slow to start; the function itself has minutes.
_STREAMING = Config(
    connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5}
)

# Links to objects: signed for their region, and addressed so that any endpoint's certificate fits.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
_LINKS = Config(signature_version="s3v4", s3={"addressing_style": "path"})

# A model may take long to answer, so there is time for one attempt only: callers decide.
_INFERENCE = Config(
    connect_timeout=3, read_timeout=25, retries={"mode": "standard", "total_max_attempts": 1}
)

# A failed inference is asked again for a few seconds (invoke_endpoint), always within the 30
# seconds of an HTTP API. To look at the endpoint in between must not cost the time for an answer.
_INFERENCE_AGAIN = Config(
    connect_timeout=1, read_timeout=18, retries={"mode": "standard", "total_max_attempts": 1}
)
_AT_ONCE = Config(
    connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 1}
)


@cache
def application_autoscaling() -> ApplicationAutoScalingClient:
    """Application Auto Scaling."""
    return boto3.client("application-autoscaling", config=_PATIENT)


@cache
def cloudwatch() -> CloudWatchClient:
    """Amazon CloudWatch."""
    return boto3.client("cloudwatch", config=_PATIENT)


@cache
def dynamodb() -> DynamoDBClient:
    """Amazon DynamoDB."""
    return boto3.client("dynamodb", config=_PROMPT)


@cache
def ecr() -> ECRClient:
    """Amazon ECR."""
    return boto3.client("ecr", config=_PATIENT)


@cache
def kms() -> KMSClient:
    """AWS KMS."""
    return boto3.client("kms", config=_PROMPT)


@cache
def s3_links() -> S3Client:
    """Amazon S3 for presigned links only: it calls nothing."""
    return boto3.client("s3", config=_LINKS)


@cache
def s3() -> S3Client:
    """Amazon S3."""
    return boto3.client("s3", config=_STREAMING)


@cache
def sagemaker() -> SageMakerClient:
    """Amazon SageMaker."""
    return boto3.client("sagemaker", config=_PATIENT)


@cache
def sagemaker_at_once() -> SageMakerClient:
    """Amazon SageMaker for one who waits: one attempt of at most two seconds."""
    return boto3.client("sagemaker", config=_AT_ONCE)


@cache
def sagemaker_runtime() -> SageMakerRuntimeClient:
    """Amazon SageMaker's inference API, without retries of its own."""
    return boto3.client("sagemaker-runtime", config=_INFERENCE)


@cache
def sagemaker_runtime_again() -> SageMakerRuntimeClient:
    """Amazon SageMaker's inference API for another try of the same request."""
    return boto3.client("sagemaker-runtime", config=_INFERENCE_AGAIN)


@cache
def service_quotas() -> ServiceQuotasClient:
    """Service Quotas."""
    return boto3.client("service-quotas", config=_PATIENT)


@cache
def sns() -> SNSClient:
    """Amazon SNS."""
    return boto3.client("sns", config=_PATIENT)


@cache
def stepfunctions() -> SFNClient:
    """AWS Step Functions."""
    return boto3.client("stepfunctions", config=_PATIENT)
