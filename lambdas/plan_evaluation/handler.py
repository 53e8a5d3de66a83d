"""Workflow step: plan the evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evaluation.errors import NoPredictions
from evaluation.plan import plan_parts
from evaluation.rows import OUTPUT_SUFFIX
from evaluation.storage import Bucket
from shared import aws, fields
from shared.evaluation import MAX_PREDICTION_KEYS
from shared.logs import log_event
from shared.transient import transient_errors_named

# Only keys that fit travel through the workflow; a key has up to 1024 bytes.
_MAX_KEY_LIST_BYTES = 16_000


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Cut the predictions under bucket/predictionsPrefix into parts, and write them to planKey.

    Returns the number of parts and of objects, and the keys of the first objects.

    Raises:
        InvalidEventError, NoPredictions, TooManyPredictionObjects, TransientError
    """
    bucket = fields.text(event, "bucket")
    prefix = fields.text(event, "predictionsPrefix")
    plan_key = fields.text(event, "planKey")
    with transient_errors_named():
        store = Bucket(aws.s3(), bucket)
        objects = store.predictions(prefix)
        if not objects:
            raise NoPredictions(
                f"There is no *{OUTPUT_SUFFIX} object under s3://{bucket}/{prefix}. Look at the "
                "batch transform job: it should have written one for each object of held-out data."
            )
        plan = plan_parts(objects)
        if not plan.parts:
            raise NoPredictions(
                f"Every *{OUTPUT_SUFFIX} object under s3://{bucket}/{prefix} is empty. Put "
                "held-out data under test/ in the data bucket (CSV, label first, no header) and "
                "release again."
            )
        store.put_json(plan_key, plan.encode())
    size = sum(size for _, size in objects)
    log_event("evaluationPlanned", objects=len(objects), bytes=size, parts=len(plan.parts))
    return {
        "parts": len(plan.parts),
        "objects": len(objects),
        "predictionKeys": _first([key for key, _ in objects[:MAX_PREDICTION_KEYS]]),
    }


def _first(keys: list[str]) -> list[str]:
    """The first keys, as many as may travel through the workflow."""
    while len(json.dumps(keys)) > _MAX_KEY_LIST_BYTES:
        keys.pop()
    return keys
