"""The model that serves now, and what its figures are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from shared.live import FoundLive
from shared.reports import UnreadableReportError, read_report
from shared.serving import Serving, look_up
from shared.transient import error_name, is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def find_live(
    sagemaker: SageMakerClient,
    s3: S3Client,
    *,
    endpoint_name: str,
    bucket: str,
    test_version: str,
    task: str = "",
) -> FoundLive:
    """What serves on the endpoint.

    test_version is the version of the held-out data that the new model is measured on, task its
    task; a live model with another task is not comparable ("" takes any).

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: what may pass by itself.
    """
    try:
        serving = look_up(sagemaker, endpoint_name=endpoint_name)
    except (ClientError, BotoCoreError) as error:
        if is_transient(error):
            raise
        return _unknown(f"What serves now could not be looked up ({error_name(error)}).")
    if serving is None:
        return FoundLive(kind="none")
    if not serving.answers:
        return _unknown(
            f"The endpoint {endpoint_name} is in state {serving.status}: there is no one model to "
            "compare with."
        )
    if not serving.commit_id or not serving.report_key or not serving.model_name:
        return _unknown(
            "What serves now was not put there by this workflow, or by an older version of it: "
            f"the endpoint configuration {serving.configuration} does not name its evaluation.",
            serving,
        )
    found = _measured(s3, serving, bucket=bucket, test_version=test_version)
    if task and found.task and found.task != task:
        return _unknown(f"The live model does {found.task}, the new one {task}.", serving)
    return found


def _measured(s3: S3Client, serving: Serving, *, bucket: str, test_version: str) -> FoundLive:
    try:
        report = read_report(s3, bucket=bucket, key=serving.report_key)
    except UnreadableReportError as error:
        return _unknown(
            f"The report of the live model, commit {serving.commit_id}: {error}.", serving
        )
    return FoundLive(
        kind="sameData" if report.test_version == test_version else "otherData",
        model_name=serving.model_name,
        commit_id=serving.commit_id,
        model_package_arn=serving.model_package_arn,
        report_key=serving.report_key,
        task=report.task,
    )


def _unknown(problem: str, serving: Serving | None = None) -> FoundLive:
    if serving is None:
        return FoundLive(kind="unknown", problem=problem)
    return FoundLive(
        kind="unknown",
        problem=problem,
        model_name=serving.model_name,
        commit_id=serving.commit_id,
        model_package_arn=serving.model_package_arn,
        report_key=serving.report_key,
    )
