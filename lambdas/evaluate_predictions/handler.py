"""Workflow step: evaluate the predictions on the held-out data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from shared import aws, fields
from shared.evaluation import MAX_PREDICTION_KEYS
from shared.evidence import DataVersion
from shared.logs import log_event
from shared.transient import transient_errors_named

from evaluate_predictions.metrics import Metrics, measure
from evaluate_predictions.predictions import OUTPUT_SUFFIX, NoPredictions, read_rows

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 256 * 1024
# Only keys that fit travel through the workflow; a key has up to 1024 bytes.
_MAX_KEY_LIST_BYTES = 16_000


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Measure predictions under bucket/predictionsPrefix, write the report, return its summary.

    The report names the version of the data, so that a later release can tell whether it was
    measured on the same.

    Raises:
        InvalidEventError, NoPredictions, MalformedPredictions, SampleRowTooLarge, TransientError
    """
    bucket = fields.text(event, "bucket")
    prefix = fields.text(event, "predictionsPrefix")
    report_key = fields.text(event, "reportKey")
    data = DataVersion.from_json(fields.mapping(event, "data"))
    with transient_errors_named():
        s3 = aws.s3()
        keys = list(_prediction_keys(s3, bucket=bucket, prefix=prefix))
        metrics = _measure(s3, bucket=bucket, prefix=prefix, keys=keys)
        s3.put_object(
            Bucket=bucket,
            Key=report_key,
            Body=json.dumps(metrics.report(data), indent=2).encode(),
            ContentType="application/json",
        )
    log_event("predictionsEvaluated", objects=len(keys), rows=metrics.rows, reportKey=report_key)
    summary = metrics.summary(
        report_key=report_key, prediction_keys=_first(keys), prediction_objects=len(keys)
    )
    return summary.to_json()


def _first(keys: list[str]) -> tuple[str, ...]:
    """The first keys, as many as may travel through the workflow."""
    few = keys[:MAX_PREDICTION_KEYS]
    while len(json.dumps(few)) > _MAX_KEY_LIST_BYTES:
        few.pop()
    return tuple(few)


def _measure(s3: S3Client, *, bucket: str, prefix: str, keys: list[str]) -> Metrics:
    if not keys:
        raise NoPredictions(
            f"There is no *{OUTPUT_SUFFIX} object under s3://{bucket}/{prefix}. Look at the batch "
            "transform job: it should have written one for each object of held-out data."
        )
    rows = read_rows((key, _lines(s3, bucket=bucket, key=key)) for key in keys)
    return measure(rows, prefix=prefix)


def _prediction_keys(s3: S3Client, *, bucket: str, prefix: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", []):
            if item["Key"].endswith(OUTPUT_SUFFIX):
                yield item["Key"]


def _lines(s3: S3Client, *, bucket: str, key: str) -> Iterable[bytes]:
    # A generator: the object is opened when its turn comes, not while the others are read.
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    try:
        yield from body.iter_lines(_CHUNK_BYTES)
    finally:
        body.close()
