"""Approvals as items of the table: one item each, evidence as JSON, votes as a map."""

from __future__ import annotations

import json
from typing import Any

from shared.approvals import Approval, Vote
from shared.evidence import Evidence
from shared.items import Item


def to_item(approval: Approval) -> Item:
    """A question that nobody has answered yet, as an item."""
    return {
        "approvalId": approval.approval_id,
        "status": "PENDING",
        "taskToken": approval.task_token,
        "modelName": approval.model_name,
        "modelPackageArn": approval.model_package_arn,
        "commitId": approval.commit_id,
        "imageUri": approval.image_uri,
        "executionArn": approval.execution_arn,
        "startedAt": approval.started_at,
        "requestedAt": approval.requested_at,
        "expiresAt": approval.expires_at,
        "approvers": list(approval.approvers),
        "approvalsRequired": approval.approvals_required,
        "committer": approval.committer,
        "committerMayApprove": approval.committer_may_approve,
        "pipelineExecutionId": approval.pipeline_execution_id,
        "trigger": approval.trigger,
        "evidence": json.dumps(approval.evidence.to_json()),
        "votes": {},
        "earlier": list(approval.earlier),
    }


def end_of(approval: Approval) -> Item:
    """How an approval ended, to be kept when its run asks again."""
    votes = [vote_to_item(vote, position=i) for i, vote in enumerate(approval.votes)]
    return {"status": approval.status, "settledAt": approval.settled_at, "votes": votes}


def vote_to_item(vote: Vote, *, position: int) -> Item:
    """A vote as it stands in the map of votes; position counts from 0."""
    where_from = {"sourceIp": vote.source_ip, "requestId": vote.request_id}
    return {**vote.to_json(), **where_from, "position": position}


def from_item(item: Item) -> Approval:
    """Read an approval's item."""
    votes = sorted(item["votes"].values(), key=_position)
    return Approval(
        approval_id=item["approvalId"],
        task_token=item["taskToken"],
        model_name=item["modelName"],
        model_package_arn=item["modelPackageArn"],
        commit_id=item["commitId"],
        image_uri=item["imageUri"],
        execution_arn=item["executionArn"],
        started_at=item["startedAt"],
        requested_at=item["requestedAt"],
        expires_at=int(item["expiresAt"]),
        approvers=tuple(item["approvers"]),
        approvals_required=int(item["approvalsRequired"]),
        committer=item["committer"],
        committer_may_approve=item["committerMayApprove"],
        evidence=Evidence.from_json(json.loads(item["evidence"])),
        pipeline_execution_id=item.get("pipelineExecutionId", ""),
        trigger=item.get("trigger", ""),
        status=item["status"],
        votes=tuple(_vote(vote) for vote in votes),
        settled_at=item.get("settledAt"),
        superseded_by=item.get("supersededBy"),
        workflow_told_at=item.get("workflowToldAt"),
        earlier=tuple(item.get("earlier", ())),
    )


def _position(vote: Item) -> int:
    return int(vote["position"])


def _vote(item: dict[str, Any]) -> Vote:
    return Vote(
        approver=item["approver"],
        verdict=item["verdict"],
        reason=item["reason"],
        voted_at=item["votedAt"],
        source_ip=item["sourceIp"],
        request_id=item.get("requestId", ""),
    )
