"""What was decided about releases, from the table of approvals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from operate.errors import OperateError
from operate.stacks import not_deployed

if TYPE_CHECKING:
    from boto3.session import Session

# Neither task tokens nor the evidence are read.
_READ = (
    *("approvalId", "status", "modelName", "commitId", "imageUri", "executionArn"),
    *("requestedAt", "settledAt", "supersededBy", "votes", "earlier", "approvalsRequired"),
)


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One approver's vote; `voted_at` in UTC, ISO 8601."""

    approver: str
    verdict: str
    reason: str
    voted_at: str
    source_ip: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the same approval ended before its run was started again."""

    status: str
    settled_at: str
    votes: tuple[Vote, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One release and what became of its approval.

    Attributes:
        status: PENDING, APPROVED, REJECTED, EXPIRED, SUPERSEDED or CANCELLED.
        settled_at: when it was decided or ended; None while it waits. UTC, ISO 8601.
        superseded_by: the newer release, such as "commit 1a2b3c4d", or "".
        approvals_required: how many approvers have to say yes.
        votes: in the order in which they came.
        earlier: how it ended before its run was started again, the oldest first.
    """

    approval_id: str
    status: str
    model_name: str
    commit_id: str
    image_uri: str
    execution_arn: str
    requested_at: str
    settled_at: str | None
    superseded_by: str
    approvals_required: int
    votes: tuple[Vote, ...]
    earlier: tuple[Ended, ...]

    @property
    def deciding_votes(self) -> tuple[Vote, ...]:
        """The votes that made the status: none unless a person approved or rejected."""
        return tuple(vote for vote in self.votes if vote.verdict.upper() == self.status)

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Decision:
        """Read an item of the table, by the names that its attributes have there."""
        earlier = (
            Ended(status=end["status"], settled_at=end["settledAt"], votes=_votes(end["votes"]))
            for end in item.get("earlier", ())
        )
        return cls(
            approval_id=item["approvalId"],
            status=item["status"],
            model_name=item["modelName"],
            commit_id=item["commitId"],
            image_uri=item["imageUri"],
            execution_arn=item["executionArn"],
            requested_at=item["requestedAt"],
            settled_at=item.get("settledAt"),
            superseded_by=item.get("supersededBy") or "",
            approvals_required=int(item.get("approvalsRequired", 1)),
            votes=_votes(item["votes"].values()),
            earlier=tuple(earlier),
        )


def _votes(items: Iterable[Mapping[str, Any]]) -> tuple[Vote, ...]:
    return tuple(
        Vote(
            approver=vote["approver"],
            verdict=vote["verdict"],
            reason=vote["reason"],
            voted_at=vote["votedAt"],
            source_ip=vote["sourceIp"],
        )
        for vote in sorted(items, key=_position)
    )


def read_decisions(session: Session, table: str) -> list[Decision]:
    """Every approval, newest first.

    Raises:
        OperateError: the table is gone.
    """
    client = session.client("dynamodb")
    names = {f"#{number}": name for number, name in enumerate(_READ)}
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression=", ".join(names),
        FilterExpression="attribute_exists(#1)",  # the item `waiting` has none
        ExpressionAttributeNames=names,
    )
    try:
        items = [_plain(item) for page in pages for item in page["Items"]]
    except client.exceptions.ResourceNotFoundException as error:
        raise _gone(table) from error
    return _newest_first(map(Decision.from_item, items))


def read_decision(session: Session, table: str, *, approval_id: str) -> Decision | None:
    """One approval; None if there is none with this id.

    Raises:
        OperateError: the table is gone.
    """
    client = session.client("dynamodb")
    names = {f"#{number}": name for number, name in enumerate(_READ)}
    try:
        answer = client.get_item(
            TableName=table,
            Key={"approvalId": {"S": approval_id}},
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
    except client.exceptions.ResourceNotFoundException as error:
        raise _gone(table) from error
    item = answer.get("Item")
    return Decision.from_item(_plain(item)) if item else None


def _gone(table: str) -> OperateError:
    return not_deployed(
        what="There are no decisions to read", why=f"the table {table} does not exist any more"
    )


def _position(vote: Mapping[str, Any]) -> int:
    return int(vote["position"])


def _newest_first(decisions: Iterable[Decision]) -> list[Decision]:
    return sorted(decisions, key=lambda item: item.settled_at or item.requested_at, reverse=True)


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}
