"""Workflow step and target of events: close an approval whose time, run or turn is over."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from shared import fields
from shared.approvals import approval_id_of
from shared.approvals_table import ApprovalsTable, deployed_table
from shared.logs import log_event
from shared.superseding import give_way
from shared.text import iso
from shared.transient import transient_errors_named

_WORKFLOW = "aws.states"
_PIPELINE = "aws.codepipeline"
_OVER = ("ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT")


class UnknownApproval(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The workflow wants an approval closed that the table does not have."""


def handle(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Close the approval of an event; returns the decision to a workflow, nothing to EventBridge.

    Raises:
        InvalidEventError, UnknownApproval, TransientError
    """
    table = deployed_table()
    now = iso(int(time.time()))
    with transient_errors_named():
        if event.get("source") == _WORKFLOW:
            cancel(event, table=table, now=now)
            return {}
        if event.get("source") == _PIPELINE:
            make_way(event, table=table, now=now)
            return {}
        return expire(fields.text(event, "approvalId"), table=table, now=now)


def expire(approval_id: str, *, table: ApprovalsTable, now: str) -> dict[str, Any]:
    """End the waiting; returns the decision, which is the people's if they were faster.

    Raises:
        UnknownApproval
    """
    table.settle(approval_id, status="EXPIRED", settled_at=now)
    approval = table.get(approval_id)
    if approval is None:
        raise UnknownApproval(
            "The approvals table has no approval with the id of this execution. Look at the log "
            "of AskApproval for what became of the question, then release again."
        )
    table.mark_told(approval, told_at=now)
    log_event("approvalClosed", status=approval.status, executionArn=approval.execution_arn)
    return approval.decision()


def cancel(event: Mapping[str, Any], *, table: ApprovalsTable, now: str) -> None:
    """Close what a run that is over still asked for; most have asked for nothing or are decided.

    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html

    Raises:
        InvalidEventError: the event names no execution.
    """
    detail = fields.mapping(event, "detail")
    execution_arn = fields.text(detail, "executionArn")
    if detail.get("status") not in _OVER:
        return
    approval_id = approval_id_of(execution_arn)
    approval = table.get(approval_id)
    if approval is None or approval.requested_at > _stopped(detail, otherwise=now):
        return  # It was asked after that: its run was started again.
    closed = table.settle(approval_id, status="CANCELLED", settled_at=now)
    log_event("runOver", approvalCancelled=closed, executionArn=execution_arn)


def make_way(event: Mapping[str, Any], *, table: ApprovalsTable, now: str) -> None:
    """A newer commit has passed its checks in the pipeline: what waits for people gives way to it.

    A release that asks later sees the commit too.

    Raises:
        InvalidEventError: the event does not say when, or in which execution of the pipeline.
    """
    execution_id = fields.text(fields.mapping(event, "detail"), "execution-id")
    table.passed(execution_id, at=fields.moment(event, "time"))
    for approval in filter(None, map(table.get, sorted(table.waiting()))):
        gave_way = give_way(table, approval, now=now)
        log_event("newerCommit", gaveWay=gave_way, executionArn=approval.execution_arn)


def _stopped(detail: Mapping[str, Any], *, otherwise: str) -> str:
    stopped = detail.get("stopDate")  # milliseconds
    return iso(int(stopped // 1000)) if isinstance(stopped, int | float) else otherwise
