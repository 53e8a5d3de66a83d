"""The newest version with a fingerprint whose artifact is still there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from shared.logs import log_event
from shared.origin import Origin
from shared.versions import Version

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_MOST_VERSIONS = 200
"""So many of the newest are looked at, a call each: an older one is trained again."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A training that was paid for.

    Attributes:
        training_job: the job's name.
        model_data: the S3 address of what it made.
        origin: the version that it was made for.
    """

    training_job: str
    model_data: str
    origin: Origin


def find_training(
    sagemaker: SageMakerClient,
    s3: S3Client,
    *,
    group: str,
    bucket: str,
    prefix: str,
    fingerprint: str,
) -> Trained | None:
    """What the newest version with this fingerprint was made from; None if there is none.

    What became of the version plays no part: limits, test data and people's minds change, and
    all of them are asked again.

    Args:
        group: the model package group.
        bucket: where artifacts lie, under prefix.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: a call failed.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    arns = (one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"])
    for arn in islice(arns, _MOST_VERSIONS):
        package = sagemaker.describe_model_package(ModelPackageName=arn)
        version = Version.from_package(package)
        if version.fingerprint != fingerprint:
            continue
        if not _is_there(s3, version.model_data, bucket=bucket, prefix=prefix):
            log_event("artifactGone", level="WARNING", version=version.number)
            continue
        # A version may itself stand on another one's training.
        own = Origin(
            number=version.number,
            commit_id=version.commit_id or "unknown",
            model_package_arn=version.arn,
        )
        return Trained(
            training_job=version.training_job,
            model_data=version.model_data,
            origin=version.trained_before or own,
        )
    return None


def _is_there(s3: S3Client, uri: str, *, bucket: str, prefix: str) -> bool:
    """Whether the artifact lies where this project's trainings put theirs.

    A list names it without the right to read it:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """
    start = f"s3://{bucket}/"
    key = uri.removeprefix(start)
    if not uri.startswith(start) or not key.startswith(prefix):
        return False
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    return any(item["Key"] == key for item in listed)
