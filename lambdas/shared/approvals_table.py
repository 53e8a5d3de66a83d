"""The table of approvals: whatever is decided is written once, and by one who may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

from shared import aws
from shared.approval_items import end_of, from_item, to_item, vote_to_item
from shared.approvals import TOLD, Approval, Vote
from shared.environment import required
from shared.items import Items
from shared.links import approver_key
from shared.transient import TransientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The key of the one item that is no approval: it names those that a newer release may supersede,
# or that supersede an older one. No approval has such an id.
WAITING = "waiting"

# What has ended without a decision is asked anew when its run is started again.
_ASKED_ANEW = ("EXPIRED", "CANCELLED")

# The newest commits that have passed the pipeline's checks; nobody waits behind more.
_PASSES = 20

# A try is lost only to somebody else's progress on the same approval.
_TRIES = 100


class VoteRefusedError(Exception):
    """The approval takes no vote, or none of this approver any more; get tells why."""


@dataclass(frozen=True)
class ApprovalsTable:
    """The table of approvals."""

    items: Items

    @classmethod
    def of(cls, client: DynamoDBClient, *, name: str) -> Self:
        """The table with this name; its partition key is approvalId."""
        return cls(items=Items(client=client, table=name, key="approvalId"))

    def get(self, approval_id: str) -> Approval | None:
        """The approval as it is now, or None if there is none with this id."""
        item = self.items.get(approval_id)
        return from_item(item) if item else None

    def record(self, approval: Approval) -> Approval:
        """Write a question, or renew the task token of one that was asked before; returns it.

        A renewed question keeps all else; if it is decided meanwhile, its run is to be told again.
        One that was closed without a decision is asked anew: its run was started again.

        Raises:
            TransientError: the approval changed again and again meanwhile.
        """
        for _ in range(_TRIES):
            before = self.get(approval.approval_id)
            if before and before.status in _ASKED_ANEW:
                approval = replace(approval, earlier=(*before.earlier, end_of(before)))
            if self._put(approval, before=before):
                return approval
            renewed = self._renew(approval) or self.get(approval.approval_id)
            if renewed and renewed.task_token == approval.task_token:
                return renewed
        raise TransientError("The approval kept changing while it was asked for.")

    def vote(self, approval_id: str, *, vote: Vote, now: int) -> Approval:
        """Count a vote if the approval takes it at *now*; returns the approval with it.

        Raises:
            VoteRefusedError: it is settled, expired or gone, or this approver has voted.
            TransientError: others voted again and again meanwhile.
        """
        for _ in range(_TRIES):
            approval = self.get(approval_id)
            if approval is None or not approval.takes_votes(now=now):
                raise VoteRefusedError("The approval takes no votes.")
            if approval.vote_of(vote.approver):
                raise VoteRefusedError("This approver has voted.")
            voted = self._write_vote(approval.with_vote(vote), now=now)
            if voted:
                return voted
        raise TransientError("The approval kept changing while the vote was written.")

    def settle(
        self,
        approval_id: str,
        *,
        status: Literal["EXPIRED", "CANCELLED", "SUPERSEDED"],
        settled_at: str,
        superseded_by: str | None = None,
    ) -> bool:
        """End a pending approval without a decision by people; False if it was not pending."""
        update = "SET #status = :status, #settledAt = :at"
        values = {":pending": "PENDING", ":status": status, ":at": settled_at}
        if superseded_by:
            update += ", #supersededBy = :by"
            values[":by"] = superseded_by
        condition = "#status = :pending"
        settled = self.items.update(approval_id, update=update, condition=condition, values=values)
        return settled is not None

    def mark_told(self, approval: Approval, *, told_at: str) -> None:
        """Note that the state which waits for this task token knows the decision."""
        self.items.update(
            approval.approval_id,
            update="SET #workflowToldAt = :told",
            condition="#taskToken = :token",
            values={":told": told_at, ":token": approval.task_token},
        )

    def join_waiting(self, approval_id: str) -> set[str]:
        """Add an approval to those that may supersede or be superseded; returns all their ids."""
        waiting = self.items.update(WAITING, update="ADD #ids :ids", values={":ids": {approval_id}})
        return set(waiting["ids"]) if waiting else set()

    def waiting(self) -> set[str]:
        """The ids of approvals that may supersede or be superseded."""
        item = self.items.get(WAITING) or {}
        return set(item.get("ids", ()))

    def passed(self, execution_id: str, *, at: str) -> None:
        """Note that a commit has passed the checks in this execution of the pipeline."""
        noted = self.items.update(
            WAITING, update="ADD #passed :passed", values={":passed": {f"{at} {execution_id}"}}
        )
        old = sorted((noted or {}).get("passed", ()))[:-_PASSES]
        if old:
            self.items.update(WAITING, update="DELETE #passed :old", values={":old": set(old)})

    def newer_in_pipeline(self, approval: Approval) -> str | None:
        """The execution of the pipeline whose commit is newer than this release; None if none is.

        The newest commit is the one that passed its checks last. A release that was started by hand
        is as new as its start, and so is one whose own pass is not known.
        """
        item = self.items.get(WAITING) or {}
        passes = [entry.partition(" ")[::2] for entry in sorted(item.get("passed", ()))]
        if not passes:
            return None
        at, newest = passes[-1]
        own = approval.pipeline_execution_id
        if newest == own:
            return None
        known = any(execution_id == own for _, execution_id in passes)
        return newest if known or at > approval.started_at else None

    def leave_waiting(self, approval_ids: set[str]) -> None:
        """Take approvals away from those that may supersede or be superseded."""
        if approval_ids:
            self.items.update(WAITING, update="DELETE #ids :ids", values={":ids": approval_ids})

    def _put(self, approval: Approval, *, before: Approval | None) -> bool:
        if before is None:
            condition, values = "attribute_not_exists(#approvalId)", None
        elif before.status in _ASKED_ANEW:
            condition = "#status = :status AND #settledAt = :at"
            values = {":status": before.status, ":at": before.settled_at}
        else:
            return False
        return self.items.put(to_item(approval), condition=condition, values=values)

    def _renew(self, approval: Approval) -> Approval | None:
        statuses = {f":status{i}": status for i, status in enumerate(("PENDING", *TOLD))}
        item = self.items.update(
            approval.approval_id,
            update="SET #taskToken = :token REMOVE #workflowToldAt",
            condition=f"#status IN ({', '.join(statuses)}) AND #taskToken <> :token",
            values={":token": approval.task_token, **statuses},
        )
        return from_item(item) if item else None

    def _write_vote(self, voted: Approval, *, now: int) -> Approval | None:
        vote, position = voted.votes[-1], len(voted.votes) - 1
        update = "SET #votes.#voter = :vote"
        values = {":vote": vote_to_item(vote, position=position), ":count": position}
        if voted.settled_at:
            update += ", #status = :status, #settledAt = :at"
            values |= {":status": voted.status, ":at": voted.settled_at}
        item = self.items.update(
            voted.approval_id,
            update=update,
            condition=(
                "#status = :pending AND #expiresAt > :now "
                "AND attribute_not_exists(#votes.#voter) AND size(#votes) = :count"
            ),
            values={":pending": "PENDING", ":now": now, **values},
            names={"#voter": approver_key(vote.approver)},
        )
        return from_item(item) if item else None


def deployed_table() -> ApprovalsTable:
    """The table that the function is deployed with.

    Raises:
        InvalidEnvironmentError: the variable APPROVALS_TABLE is missing.
    """
    return ApprovalsTable.of(aws.dynamodb(), name=required("APPROVALS_TABLE"))
