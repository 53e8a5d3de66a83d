"""Decisions as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from operate.decisions import Decision, Vote
from operate.wording import printable, when

_STATUS = {
    "PENDING": "waits for a decision",
    "APPROVED": "approved",
    "REJECTED": "rejected",
    "EXPIRED": "expired, nobody decided",
    "SUPERSEDED": "superseded",
    "CANCELLED": "run stopped before a decision",
}


def as_text(decisions: Sequence[Decision]) -> str:
    """One paragraph for each decision, in the order given."""
    if not decisions:
        return "No release has asked for approval yet."
    return "\n\n".join(_paragraph(decision) for decision in decisions)


def as_json(decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [decision_json(decision) for decision in decisions]


def decision_json(decision: Decision) -> dict[str, Any]:
    """One decision for programs; decidedBy is a list of addresses."""
    return {
        "approvalId": decision.approval_id,
        "modelName": decision.model_name,
        "commitId": decision.commit_id,
        "imageUri": decision.image_uri,
        "executionArn": decision.execution_arn,
        "status": decision.status,
        "requestedAt": decision.requested_at,
        "settledAt": decision.settled_at,
        "decidedBy": [vote.approver for vote in decision.deciding_votes],
        "reason": "; ".join(vote.reason for vote in decision.deciding_votes if vote.reason),
        "supersededBy": decision.superseded_by or None,
        "approvalsRequired": decision.approvals_required,
        "votes": _votes(decision.votes),
        "earlier": [
            {"status": end.status, "settledAt": end.settled_at, "votes": _votes(end.votes)}
            for end in decision.earlier
        ],
    }


def _votes(votes: Sequence[Vote]) -> list[dict[str, str]]:
    return [
        {
            "approver": vote.approver,
            "verdict": vote.verdict,
            "reason": vote.reason,
            "votedAt": vote.voted_at,
            "sourceIp": vote.source_ip,
        }
        for vote in votes
    ]


def _paragraph(decision: Decision) -> str:
    status = _STATUS.get(decision.status, decision.status)
    if decision.status == "PENDING" and decision.approvals_required > 1:
        approved = sum(vote.verdict == "approved" for vote in decision.votes)
        status += f", {approved} of {decision.approvals_required} approved"
    if decision.superseded_by:
        status += f" by {decision.superseded_by}"
    if decision.deciding_votes:
        status += f" by {', '.join(vote.approver for vote in decision.deciding_votes)}"
    at = when(decision.settled_at or decision.requested_at)
    lines = [
        f"{at}  {decision.model_name}  commit {decision.commit_id}  {status}",
        f"  run {decision.execution_arn}",
        *map(_line, decision.votes),
    ]
    for end in decision.earlier:
        before = _STATUS.get(end.status, end.status)
        lines += [f"  before, until {when(end.settled_at)}: {before}", *map(_line, end.votes)]
    return "\n".join(map(printable, lines))


def _line(vote: Vote) -> str:
    reason = f": {vote.reason}" if vote.reason else ", no reason given"
    return f"  {vote.approver} {vote.verdict} {when(vote.voted_at)} from {vote.source_ip}{reason}"
