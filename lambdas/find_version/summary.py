"""The evaluation of a registered version, from its report, cut to what a workflow can carry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError
from shared.evaluation import Evaluation
from shared.fields import InvalidEventError
from shared.transient import error_name, is_transient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A report of very many classes may be larger than the memory.
_MAX_REPORT_BYTES = 32 * 1024 * 1024
_NEEDED = ("task", "rows", "metrics", "sampleRow", "samplePrediction")
# What a mail can do without.
_OPTIONAL: Mapping[str, Any] = {
    "classes": None,
    "confusionMatrix": None,
    "points": None,
    "mistakes": [],
    "predictionKeys": [],
    "predictionObjects": 0,
}


class UnreadableSummaryError(Exception):
    """The report is gone, or lacks what is needed; the message is part of a sentence."""


def read_summary(s3: S3Client, *, bucket: str, key: str) -> Evaluation:
    """The summary of the report at *key*; parts that are missing, wrong or too large are left out.

    Raises:
        UnreadableSummaryError
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: what may pass by itself.
    """
    try:
        return _summary(_load(s3, bucket=bucket, key=key), key=key)
    except (ClientError, BotoCoreError) as error:
        if is_transient(error):
            raise
        reason = error_name(error)
    except (ValueError, OverflowError, RecursionError) as error:
        told = f": {error}" if isinstance(error, InvalidEventError) else ""
        reason = f"it is not a report of this workflow{told}"
    raise UnreadableSummaryError(f"s3://{bucket}/{key}, could not be read ({reason})")


def _load(s3: S3Client, *, bucket: str, key: str) -> Mapping[str, Any]:
    answer = s3.get_object(Bucket=bucket, Key=key)
    if answer["ContentLength"] > _MAX_REPORT_BYTES:
        answer["Body"].close()
        raise ValueError("The report is too large.")
    # Python reads NaN and Infinity; Step Functions does not take them.
    report = json.loads(answer["Body"].read(), parse_constant=_refuse)
    if not isinstance(report, dict):
        raise ValueError("The report is not an object.")
    return report


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number.")


def _summary(report: Mapping[str, Any], *, key: str) -> Evaluation:
    event = {name: report.get(name) for name in _NEEDED} | {"reportKey": key, **_OPTIONAL}
    summary = Evaluation.from_json(event)
    for name in _OPTIONAL:
        if name in report:
            event_with_it = {**event, name: report[name]}
            try:
                summary = Evaluation.from_json(event_with_it)
            except InvalidEventError:
                continue
            event = event_with_it
    return summary.bounded()
