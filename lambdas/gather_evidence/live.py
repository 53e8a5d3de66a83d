"""The model that serves now, and how good it was when it was released.

The endpoint's configuration carries the commit and the key of its report as tags.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTags.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from shared import fields
from shared.evaluation import ClassScore, scores_from_json, small_enough
from shared.evidence import LiveModel
from shared.logs import log_event
from shared.text import shorten
from shared.transient import error_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

# States in which the model of the endpoint's configuration answers, or is about to.
_SERVING = {"InService", "Creating", "Updating", "SystemUpdating", "RollingBack"}
# A report of very many classes may be larger than the memory; its figures then go unread.
_MAX_REPORT_BYTES = 32 * 1024 * 1024
_MAX_CLASSES_BYTES = 22_000
_MAX_VERSION_CHARACTERS = 64


class _NotComparableError(Exception):
    """Something serves, but its figures cannot be had; the message is for a person."""


def read_live(
    sagemaker: SageMakerClient, s3: S3Client, *, endpoint_name: str, bucket: str
) -> tuple[LiveModel | None, str]:
    """The live model and "", None and "" if nothing was ever released, else None and the reason."""
    try:
        return _read(sagemaker, s3, endpoint_name=endpoint_name, bucket=bucket), ""
    except _NotComparableError as error:
        problem = str(error)
    except (ClientError, BotoCoreError) as error:
        problem = f"What serves now could not be looked up ({error_name(error)})."
    log_event("liveModelUnreadable", level="WARNING", reason=problem)
    return None, problem


def _read(
    sagemaker: SageMakerClient, s3: S3Client, *, endpoint_name: str, bucket: str
) -> LiveModel | None:
    try:
        endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    except ClientError as error:
        # SageMaker has no error name for an endpoint that is not there, only a text.
        if "Could not find" in error.response["Error"].get("Message", ""):
            return None
        raise
    if endpoint["EndpointStatus"] not in _SERVING:
        raise _NotComparableError(
            f"The endpoint {endpoint_name} is in state {endpoint['EndpointStatus']}: there "
            "is no one model to compare with."
        )
    configuration = sagemaker.describe_endpoint_config(
        EndpointConfigName=endpoint["EndpointConfigName"]
    )
    tags = _tags(sagemaker, arn=configuration["EndpointConfigArn"])
    if not tags.get("commit") or not tags.get("evaluation"):
        raise _NotComparableError(
            "What serves now was not put there by this workflow, or by an older version of it: "
            f"the endpoint configuration {endpoint['EndpointConfigName']} does not name its "
            "evaluation."
        )
    return _model(s3, bucket=bucket, report_key=tags["evaluation"], commit_id=tags["commit"])


def _tags(sagemaker: SageMakerClient, *, arn: str) -> dict[str, str]:
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _model(s3: S3Client, *, bucket: str, report_key: str, commit_id: str) -> LiveModel:
    try:
        report = _report(s3, bucket=bucket, key=report_key)
        return LiveModel(
            commit_id=commit_id,
            accuracy=_share(report, "accuracy"),
            macro_f1=_share(report, "macroF1"),
            rows=fields.whole_number(report, "rows"),
            classes=_classes(report),
            data_version=_version(report, "dataVersion"),
            test_version=_version(report, "testVersion"),
            report_key=report_key,
        )
    except (ClientError, BotoCoreError) as error:
        reason = error_name(error)
    except (ValueError, RecursionError):
        reason = "it is not a report of this workflow"
    raise _NotComparableError(
        f"The report of the live model, commit {commit_id}, could not be read from "
        f"s3://{bucket}/{report_key} ({reason})."
    )


def _report(s3: S3Client, *, bucket: str, key: str) -> Mapping[str, Any]:
    answer = s3.get_object(Bucket=bucket, Key=key)
    if answer["ContentLength"] > _MAX_REPORT_BYTES:
        answer["Body"].close()
        raise ValueError("The report is too large.")
    report = json.loads(answer["Body"].read())
    if not isinstance(report, dict):
        raise ValueError("The report is not an object.")
    return report


def _version(report: Mapping[str, Any], name: str) -> str:
    # Reports did not always name the version of their data.
    return shorten(fields.optional_text(report, name), characters=_MAX_VERSION_CHARACTERS)


def _share(report: Mapping[str, Any], name: str) -> float:
    share = fields.number(report, name)
    # Also false for NaN, which Python reads from JSON and Step Functions does not take.
    if not 0 <= share <= 1:
        raise ValueError(f"{name} is not from 0 to 1.")
    return share


def _classes(report: Mapping[str, Any]) -> tuple[ClassScore, ...] | None:
    scores = scores_from_json(report)
    if scores is None or not small_enough(scores, None, max_bytes=_MAX_CLASSES_BYTES):
        return None
    for score in scores:
        for name in ("precision", "recall", "f1"):
            _share(score.to_json(), name)
    return scores
