"""Approvals: what is asked, who voted how, and what follows from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from shared.evidence import Evidence
from shared.links import approver_key
from shared.serving import version_number

Verdict = Literal["approved", "rejected"]
Status = Literal["PENDING", "APPROVED", "REJECTED", "EXPIRED", "SUPERSEDED", "CANCELLED"]

# What a waiting workflow is told; it closes the others itself, or is over.
TOLD = ("APPROVED", "REJECTED", "SUPERSEDED")

_OUTCOMES: dict[Status, str] = {
    "APPROVED": "approved",
    "REJECTED": "rejected",
    "SUPERSEDED": "superseded",
    "EXPIRED": "expired",
    "CANCELLED": "expired",
}


def approval_id_of(execution_arn: str) -> str:
    """The id of the approval that an execution asks for: 32 hex digits."""
    return hashlib.sha256(execution_arn.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Vote:
    """What one approver said; voted_at in UTC, ISO 8601.

    request_id tells one request from another that says the same.
    """

    approver: str
    verdict: Verdict
    reason: str
    voted_at: str
    source_ip: str
    request_id: str = field(default="", compare=False)

    def to_json(self) -> dict[str, str]:
        """The vote for the workflow and for programs, without the address it came from."""
        return {
            "approver": self.approver,
            "verdict": self.verdict,
            "reason": self.reason,
            "votedAt": self.voted_at,
        }


_STARTED_BY = {"data": "new training data", "schedule": "the schedule"}


@dataclass(frozen=True)
class Approval:
    """One question to several people.

    started_at (of the execution), requested_at and settled_at are in UTC, ISO 8601; expires_at in
    epoch seconds; model_package_arn is the registered version in question; approvers are the
    addresses asked; committer is "" when it is unknown; pipeline_execution_id is "" for a release
    that the pipeline has not started; trigger is "data" or "schedule" if that has started it;
    superseded_by names the newer release, such as "commit 1a2b3c4d"; votes are in the order in
    which they came; earlier are the ends of the same approval before its run was started again, as
    they are stored.
    """

    approval_id: str
    task_token: str
    model_name: str
    model_package_arn: str
    commit_id: str
    image_uri: str
    execution_arn: str
    started_at: str
    requested_at: str
    expires_at: int
    approvers: tuple[str, ...]
    approvals_required: int
    committer: str
    committer_may_approve: bool
    evidence: Evidence
    pipeline_execution_id: str = ""
    trigger: str = ""
    status: Status = "PENDING"
    votes: tuple[Vote, ...] = ()
    settled_at: str | None = None
    superseded_by: str | None = None
    workflow_told_at: str | None = None
    earlier: tuple[Mapping[str, Any], ...] = ()

    @property
    def age(self) -> tuple[str, str]:
        """Orders releases by the start of their executions, the older ones first."""
        return self.started_at, self.approval_id

    @property
    def version(self) -> str:
        """The number of the registered version, as text; "unknown" if the ARN has none."""
        return str(version_number(self.model_package_arn) or "unknown")

    @property
    def started_by(self) -> str:
        """What has started the release, if no commit has and nobody by hand."""
        return _STARTED_BY.get(self.trigger, "")

    @property
    def predictions_uri(self) -> str:
        """Where the predictions lie: beside the report."""
        folder = self.evidence.evaluation.report_key.rpartition("/")[0]
        return f"s3://{self.evidence.bucket}/{folder}/"

    @property
    def approvals_missing(self) -> int:
        """How many approvals are needed beside those that are there."""
        there = sum(vote.verdict == "approved" for vote in self.votes)
        return max(self.approvals_required - there, 0)

    @property
    def deciding_votes(self) -> tuple[Vote, ...]:
        """The votes that made the decision: none as long as there is no decision by people."""
        return tuple(vote for vote in self.votes if vote.verdict.upper() == self.status)

    def approver_of(self, key: str) -> str | None:
        """The address asked that has this approver_key."""
        return next((email for email in self.approvers if approver_key(email) == key), None)

    def vote_of(self, approver: str) -> Vote | None:
        """What this approver has said."""
        return next((vote for vote in self.votes if vote.approver == approver), None)

    def may_approve(self, approver: str) -> bool:
        """Whether this approver's approval counts: the committer's own may not."""
        return self.committer_may_approve or approver.casefold() != self.committer.casefold()

    def takes_votes(self, *, now: int) -> bool:
        """Whether it can be decided at *now* (epoch seconds)."""
        return self.status == "PENDING" and self.expires_at > now

    def with_vote(self, vote: Vote) -> Approval:
        """The approval once this vote counts: one rejection rejects, enough approvals approve."""
        voted = replace(self, votes=(*self.votes, vote))
        if vote.verdict == "rejected":
            return replace(voted, status="REJECTED", settled_at=vote.voted_at)
        if voted.approvals_missing == 0:
            return replace(voted, status="APPROVED", settled_at=vote.voted_at)
        return voted

    def decision(self) -> dict[str, Any]:
        """What the workflow gets to know of a settled approval.

        Raises:
            ValueError: nothing is decided yet.
        """
        if self.status == "PENDING":
            raise ValueError("Nothing is decided yet.")
        reason = "; ".join(vote.reason for vote in self.deciding_votes if vote.reason)
        if self.status == "SUPERSEDED":
            reason = f"A newer release, {self.superseded_by}, takes its place"
        return {
            "decision": _OUTCOMES[self.status],
            "decidedBy": ", ".join(vote.approver for vote in self.deciding_votes),
            "reason": reason,
            "decidedAt": self.settled_at,
            "votes": [vote.to_json() for vote in self.votes],
        }
