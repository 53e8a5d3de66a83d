"""The question as the workflow puts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import fields
from shared.approvals import Approval, approval_id_of
from shared.evidence import Evidence
from shared.text import iso

_WITHOUT_COMMITTER = ("data", "schedule")


@dataclass(frozen=True)
class Asked:
    """Whom the project asks: the approvers' addresses, and how many of them must approve."""

    approvers: tuple[str, ...]
    approvals_required: int
    committer_may_approve: bool


@dataclass(frozen=True)
class Request:
    """An approval to ask for, or to remind of."""

    approval: Approval
    is_reminder: bool


def read_request(event: Mapping[str, Any], *, asked: Asked, now: int) -> Request:
    """What the workflow asks for at *now* (epoch seconds).

    Raises:
        InvalidEventError: a field is missing or wrong.
    """
    execution_arn = fields.text(event, "executionArn")
    approval_id = fields.text(event, "approvalId")
    if approval_id != approval_id_of(execution_arn):
        raise fields.InvalidEventError(
            "Field 'approvalId' must be the first 32 hex digits of the SHA-256 hash of "
            "'executionArn'."
        )
    timeout = fields.whole_number(event, "timeoutSeconds")
    if timeout <= 0:
        raise fields.InvalidEventError("Field 'timeoutSeconds' must be greater than 0.")
    committer = fields.optional_text(event, "committer").strip()
    trigger = fields.optional_text(event, "trigger")
    required = not asked.committer_may_approve and trigger not in _WITHOUT_COMMITTER
    if required and not committer:
        raise fields.InvalidEventError(
            "Field 'committer' must be the committer's address: the committer may not approve."
        )
    approval = Approval(
        approval_id=approval_id,
        task_token=fields.text(event, "taskToken"),
        model_name=fields.text(event, "modelName"),
        model_package_arn=fields.text(event, "modelPackageArn"),
        commit_id=fields.text(event, "commitId"),
        image_uri=fields.text(event, "imageUri"),
        execution_arn=execution_arn,
        started_at=fields.moment(event, "startedAt"),
        requested_at=iso(now),
        expires_at=now + timeout,
        approvers=asked.approvers,
        approvals_required=asked.approvals_required,
        committer=committer,
        pipeline_execution_id=fields.optional_text(event, "pipelineExecutionId").strip(),
        trigger=trigger,
        committer_may_approve=asked.committer_may_approve,
        evidence=Evidence.from_json(fields.mapping(event, "evidence")),
    )
    return Request(approval=approval, is_reminder=fields.flag(event, "reminder"))
