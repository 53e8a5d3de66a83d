"""Approvals: what is asked, what was decided, and the table that holds both.

One item an approval; a decision is written once, guarded by a condition:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, cast

from shared.evaluation import Evaluation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

# What the workflow may use as an id: long enough that nobody guesses one.
APPROVAL_ID = re.compile(r"[A-Za-z0-9_-]{16,128}")

_PENDING = "PENDING"

Verdict = Literal["approved", "rejected"]


class AlreadyDecided(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The approval is not pending any more."""


@dataclass(frozen=True)
class Decision:
    """What a person decided; decided_at in UTC, ISO 8601."""

    verdict: Verdict
    decided_by: str
    reason: str
    decided_at: str
    source_ip: str


@dataclass(frozen=True)
class Approval:
    """One question to a person; requested_at in UTC, ISO 8601, expires_at in epoch seconds."""

    approval_id: str
    task_token: str
    model_name: str
    commit_id: str
    image_uri: str
    job_name: str
    predictions_uri: str
    evaluation: Evaluation
    execution_arn: str
    requested_at: str
    expires_at: int
    decision: Decision | None = None
    workflow_told_at: str | None = None

    @property
    def report_uri(self) -> str:
        """Where the full evaluation lies: in the bucket of the predictions."""
        bucket = self.predictions_uri.removeprefix("s3://").partition("/")[0]
        return f"s3://{bucket}/{self.evaluation.report_key}"

    @classmethod
    def from_item(cls, item: Mapping[str, AttributeValueTypeDef]) -> Self:
        """Read an item of the table."""
        value = {name: next(iter(typed.values())) for name, typed in item.items()}
        text = {name: str(content) for name, content in value.items()}
        decision = None
        if text["status"] != _PENDING:
            decision = Decision(
                verdict=cast(Verdict, text["status"].lower()),
                decided_by=text["decidedBy"],
                reason=text["reason"],
                decided_at=text["decidedAt"],
                source_ip=text["sourceIp"],
            )
        return cls(
            approval_id=text["approvalId"],
            task_token=text["taskToken"],
            model_name=text["modelName"],
            commit_id=text["commitId"],
            image_uri=text["imageUri"],
            job_name=text["jobName"],
            predictions_uri=text["predictionsUri"],
            evaluation=Evaluation.from_json(json.loads(text["evaluation"])),
            execution_arn=text["executionArn"],
            requested_at=text["requestedAt"],
            expires_at=int(text["expiresAt"]),
            decision=decision,
            workflow_told_at=text.get("workflowToldAt"),
        )


@dataclass(frozen=True)
class ApprovalsTable:
    """The table of approvals; its partition key is approvalId."""

    client: DynamoDBClient
    name: str

    def ask(self, approval: Approval) -> None:
        """Write a pending approval, or renew one that is still pending.

        Raises:
            AlreadyDecided: a decision was recorded under this id.
        """
        try:
            self.client.put_item(
                TableName=self.name,
                Item={
                    "approvalId": {"S": approval.approval_id},
                    "status": {"S": _PENDING},
                    "taskToken": {"S": approval.task_token},
                    "modelName": {"S": approval.model_name},
                    "commitId": {"S": approval.commit_id},
                    "imageUri": {"S": approval.image_uri},
                    "jobName": {"S": approval.job_name},
                    "predictionsUri": {"S": approval.predictions_uri},
                    "evaluation": {"S": json.dumps(approval.evaluation.to_json())},
                    "executionArn": {"S": approval.execution_arn},
                    "requestedAt": {"S": approval.requested_at},
                    "expiresAt": {"N": str(approval.expires_at)},
                },
                ConditionExpression="attribute_not_exists(approvalId) OR #status = :pending",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":pending": {"S": _PENDING}},
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise AlreadyDecided(
                f"The approval of {approval.commit_id} was decided before this call. "
                "Start a new execution to ask again."
            ) from None

    def get(self, approval_id: str) -> Approval | None:
        """The approval as it is now, or None if there is none with this id."""
        answer = self.client.get_item(
            TableName=self.name, Key={"approvalId": {"S": approval_id}}, ConsistentRead=True
        )
        item = answer.get("Item")
        return Approval.from_item(item) if item else None

    def decide(self, approval_id: str, *, decision: Decision, now: int) -> Approval:
        """Record the decision if the approval is pending and has not expired; returns it.

        Raises:
            AlreadyDecided: it is decided or expired; get tells which.
        """
        try:
            answer = self.client.update_item(
                TableName=self.name,
                Key={"approvalId": {"S": approval_id}},
                UpdateExpression=(
                    "SET #status = :verdict, #by = :by, #reason = :reason, #at = :at, #ip = :ip"
                ),
                ConditionExpression="#status = :pending AND #expires > :now",
                ExpressionAttributeNames={
                    "#status": "status",
                    "#by": "decidedBy",
                    "#reason": "reason",
                    "#at": "decidedAt",
                    "#ip": "sourceIp",
                    "#expires": "expiresAt",
                },
                ExpressionAttributeValues={
                    ":verdict": {"S": decision.verdict.upper()},
                    ":by": {"S": decision.decided_by},
                    ":reason": {"S": decision.reason},
                    ":at": {"S": decision.decided_at},
                    ":ip": {"S": decision.source_ip},
                    ":pending": {"S": _PENDING},
                    ":now": {"N": str(now)},
                },
                ReturnValues="ALL_NEW",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            raise AlreadyDecided("The approval is decided or has expired.") from None
        return Approval.from_item(answer["Attributes"])

    def mark_told(self, approval_id: str, *, told_at: str) -> None:
        """Note that the workflow knows the decision."""
        self.client.update_item(
            TableName=self.name,
            Key={"approvalId": {"S": approval_id}},
            UpdateExpression="SET #told = :told",
            ConditionExpression="attribute_exists(approvalId)",
            ExpressionAttributeNames={"#told": "workflowToldAt"},
            ExpressionAttributeValues={":told": {"S": told_at}},
        )
