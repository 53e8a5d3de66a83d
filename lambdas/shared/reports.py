"""The report of an evaluation, as it lies in S3 beside the predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared import fields
from shared.evaluation import ClassScore, scores_from_json, small_enough
from shared.metrics import METRICS, Task, metrics_from_json, task_from_json
from shared.text import shorten
from shared.transient import error_name, is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A report of very many classes may be larger than the memory; its figures then go unread.
_MAX_BYTES = 32 * 1024 * 1024
_MAX_CLASSES_BYTES = 22_000
_MAX_VERSION_CHARACTERS = 64


class UnreadableReportError(Exception):
    """The report cannot be had, or is none; the message is for a person."""


@dataclass(frozen=True)
class Report:
    """The figures of a report; classes is None when there are too many to show.

    test_version is the version of the held-out data that they were measured on.
    """

    task: Task
    rows: int
    metrics: Mapping[str, float | None]
    classes: tuple[ClassScore, ...] | None
    test_version: str


def read_report(s3: S3Client, *, bucket: str, key: str) -> Report:
    """The figures of the report at *key*.

    Raises:
        UnreadableReportError
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: what may pass by itself.
    """
    try:
        return _report(_load(s3, bucket=bucket, key=key))
    except (ClientError, BotoCoreError) as error:
        if is_transient(error):
            raise
        reason = error_name(error)
    except (ValueError, OverflowError, RecursionError):
        reason = "it is not a report of this workflow"
    raise UnreadableReportError(f"s3://{bucket}/{key} could not be read ({reason})")


def _load(s3: S3Client, *, bucket: str, key: str) -> Mapping[str, Any]:
    answer = s3.get_object(Bucket=bucket, Key=key)
    if answer["ContentLength"] > _MAX_BYTES:
        answer["Body"].close()
        raise ValueError("The report is too large.")
    report = json.loads(answer["Body"].read())
    if not isinstance(report, dict):
        raise ValueError("The report is not an object.")
    return report


def _report(report: Mapping[str, Any]) -> Report:
    task = task_from_json(report)
    metrics = metrics_from_json(report, task=task)
    for name, value in metrics.items():
        if METRICS[name].is_share and value is not None:
            _require_share(value)
    version = fields.text(report, "testVersion")
    return Report(
        task=task,
        rows=fields.whole_number(report, "rows"),
        metrics=metrics,
        classes=_classes(report),
        test_version=shorten(version, characters=_MAX_VERSION_CHARACTERS),
    )


def _classes(report: Mapping[str, Any]) -> tuple[ClassScore, ...] | None:
    scores = scores_from_json(report)
    if scores is None or not small_enough(scores, None, max_bytes=_MAX_CLASSES_BYTES):
        return None
    for score in scores:
        for share in (score.precision, score.recall, score.f1):
            _require_share(share)
    return scores


def _require_share(share: float) -> None:
    # Also false for NaN, which Python reads from JSON and Step Functions does not take.
    if not 0 <= share <= 1:
        raise ValueError(f"{share} is not from 0 to 1.")
