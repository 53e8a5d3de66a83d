"""Workflow step: find the model that serves, to compare the new one with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import aws, fields
from shared.evidence import DataVersion
from shared.logs import log_event
from shared.transient import transient_errors_named

from find_live.live import find_live


def handle(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """What serves on the endpoint, and whether it was measured on the same held-out data.

    What cannot be looked up for good is said, and fails nothing. What may pass by itself is raised:
    the gate must not do without a comparison because AWS was throttling for a moment.

    Raises:
        InvalidEventError, TransientError
    """
    with transient_errors_named():
        found = find_live(
            aws.sagemaker(),
            aws.s3(),
            endpoint_name=fields.text(event, "endpointName"),
            bucket=fields.text(event, "bucket"),
            test_version=DataVersion.from_json(fields.mapping(event, "data")).test_version,
            task=fields.optional_text(event, "task"),
        )
    log_event(
        "liveModelFound",
        level="WARNING" if found.kind == "unknown" else "INFO",
        kind=found.kind,
        commitId=found.commit_id,
        modelPackageArn=found.model_package_arn,
        problem=found.problem,
    )
    return found.to_json()
