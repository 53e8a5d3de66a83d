"""Workflow step: merge the measured parts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.merge import merge_parts
from evaluation.plan import Plan
from evaluation.report import Predictions
from evaluation.storage import Bucket
from shared import aws, fields
from shared.evidence import DataVersion
from shared.logs import log_event
from shared.metrics import task_from_json
from shared.transient import transient_errors_named


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Merge the partial results at partialsPrefix, write the report, return its summary.

    The report names the version of the data, so that a later release can tell whether it was
    measured on the same.

    Raises:
        InvalidEventError, NoPredictions, MalformedPredictions, SampleRowTooLarge, TooManyClasses,
        TransientError
    """
    bucket = fields.text(event, "bucket")
    prefix = fields.text(event, "predictionsPrefix")
    plan_key = fields.text(event, "planKey")
    partials_prefix = fields.text(event, "partialsPrefix")
    report_key = fields.text(event, "reportKey")
    data = DataVersion.from_json(fields.mapping(event, "data"))
    task = task_from_json(event)
    predictions = _predictions(fields.mapping(event, "plan"))
    with transient_errors_named():
        store = Bucket(aws.s3(), bucket)
        plan = Plan.decode(store.get(plan_key))
        keys = [f"{partials_prefix}{part}.json" for part in range(len(plan.parts))]
        result = merge_parts(
            plan, _partials(store, keys), read=store.read, task=task, prefix=prefix
        )
        evaluation = result.evaluation(report_key=report_key, predictions=predictions)
        summary = evaluation.bounded()
        # Indented, the matrix of many classes would be a million lines.
        indent = 2 if summary is evaluation else None
        report = json.dumps(result.report(evaluation, data), indent=indent)
        store.put_json(report_key, report.encode())
    log_event("predictionsEvaluated", rows=summary.rows, parts=len(keys), reportKey=report_key)
    return summary.to_json()


def _predictions(plan: Mapping[str, Any]) -> Predictions:
    return Predictions(
        keys=fields.texts(plan, "predictionKeys"), objects=fields.whole_number(plan, "objects")
    )


def _partials(store: Bucket, keys: list[str]) -> Iterator[Mapping[str, Any]]:
    # One at a time: each may be as large as the counts of all.
    for key in keys:
        yield json.loads(store.get(key))
