"""Workflow step: measure a part of the predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.partial import measure_part
from evaluation.plan import Plan
from evaluation.storage import Bucket
from shared import aws, fields
from shared.logs import log_event
from shared.metrics import task_from_json
from shared.transient import transient_errors_named


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Measure one part of the plan at planKey, and write what was measured to partialKey.

    A malformed line is written there too: the merge knows its number in the object, and raises.

    Raises:
        InvalidEventError, TooManyClasses, TransientError
    """
    bucket = fields.text(event, "bucket")
    plan_key = fields.text(event, "planKey")
    partial_key = fields.text(event, "partialKey")
    part = fields.whole_number(event, "part")
    task = task_from_json(event)
    with transient_errors_named():
        store = Bucket(aws.s3(), bucket)
        plan = Plan.decode(store.get(plan_key))
        if not 0 <= part < len(plan.parts):
            raise fields.InvalidEventError(
                f"Field 'part' must be from 0 to {len(plan.parts) - 1}; got {part}."
            )
        partial = measure_part(plan, part, read=store.read, task=task)
        store.put_json(partial_key, partial.encode())
    log_event("partMeasured", part=part, rows=partial.tally.rows, malformed=bool(partial.problem))
    return {}
