"""The figures of the live model, on the same held-out data as those of the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.evidence import LiveModel
from shared.live import FoundLive
from shared.logs import log_event
from shared.metrics import Task
from shared.reports import Report, UnreadableReportError, read_report
from shared.text import shorten

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A problem may quote what a service said of a failed comparison.
_MAX_PROBLEM_CHARACTERS = 500
_MAX_NAME_CHARACTERS = 256


def live_model(
    s3: S3Client,
    found: FoundLive,
    *,
    bucket: str,
    compared_key: str,
    task: Task,
    test_version: str,
) -> tuple[LiveModel | None, str]:
    """The live model and "", None and "" if nothing was ever released, else None and the reason.

    compared_key is the S3 key of the report that was made for this comparison, "" if none was;
    task and test_version are those of the new model.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: as read_report.
    """
    if found.kind == "none":
        return None, ""
    key = compared_key or (found.report_key if found.kind == "sameData" else "")
    if found.kind == "unknown" or not key:
        return None, _problem(found.problem or "It was not measured on the held-out data of today.")
    try:
        report = read_report(s3, bucket=bucket, key=key)
    except UnreadableReportError as error:
        return None, _problem(f"The report of the live model, commit {found.commit_id}: {error}.")
    difference = _difference(report, task=task, test_version=test_version)
    if difference:
        return None, _problem(difference)
    return (
        LiveModel(
            commit_id=shorten(found.commit_id or "unknown", characters=_MAX_NAME_CHARACTERS),
            model_package_arn=shorten(found.model_package_arn, characters=_MAX_NAME_CHARACTERS),
            task=report.task,
            metrics=report.metrics,
            rows=report.rows,
            classes=report.classes,
            report_key=key,
            compared_anew=bool(compared_key),
        ),
        "",
    )


def _difference(report: Report, *, task: Task, test_version: str) -> str:
    """Why figures must not stand beside each other; "" if they may."""
    if report.task != task:
        return f"The live model does {report.task}, the new one {task}."
    if report.test_version != test_version:
        return "The live model's report is about other held-out data."
    return ""


def _problem(text: str) -> str:
    problem = shorten(text, characters=_MAX_PROBLEM_CHARACTERS)
    log_event("liveModelNotCompared", level="WARNING", reason=problem)
    return problem
