"""The functions that ask people, take their votes and hand the decision to the workflow.

Whoever asks signs links; whoever answers verifies them and writes votes, and cannot speak to the
workflow; whoever tells the workflow reads decisions that are written already.
"""

import json
from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_stacks.constructs.acknowledgment import acknowledge_prefix
from mlops_stacks.constructs.data_store import PREDICTIONS_PREFIX
from mlops_stacks.constructs.release_function import ReleaseFunction
from mlops_stacks.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ApprovalResources:
    """What the functions work with.

    Attributes:
        table: the approvals.
        key: the customer key, which the table and the topics are encrypted with.
        link_key: the key that signs links.
    """

    table: dynamodb.ITable
    key: kms.IKey
    link_key: kms.IKey


class AskApproval(ReleaseFunction):
    """Opens an approval, or renews it at half-time, and mails each approver a link of their own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        resources: ApprovalResources,
        topic: sns.ITopic,
        api_url: str,
    ) -> None:
        approval = settings.approval
        super().__init__(
            scope,
            construct_id,
            folder="ask_approval",
            description="Mails each approver a link of their own",
            log_days=settings.retention.log_days,
            environment={
                "APPROVALS_TABLE": resources.table.table_name,
                "APPROVAL_TOPIC_ARN": topic.topic_arn,
                "API_URL": api_url,
                "LINK_KEY_ARN": resources.link_key.key_arn,
                "APPROVERS": json.dumps(settings.notifications.approvers),
                "APPROVALS_REQUIRED": str(approval.approvals_required),
                "COMMITTER_MAY_APPROVE": json.dumps(approval.committer_may_approve),
            },
        )
        resources.table.grant(
            self.function, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"
        )
        self.allow(["kms:GenerateMac"], [resources.link_key.key_arn])
        self.allow(["sns:ListSubscriptionsByTopic", "sns:Publish"], [topic.topic_arn])
        self.allow_key(resources.key)


class AnswerApproval(ReleaseFunction):
    """Behind the public route: shows the evidence to whoever has a signed link, writes a vote."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ApprovalResources,
        bucket: s3.IBucket,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="answer_approval",
            description="Shows an approval and takes votes",
            log_days=log_days,
            environment={
                "APPROVALS_TABLE": resources.table.table_name,
                "LINK_KEY_ARN": resources.link_key.key_arn,
            },
        )
        resources.table.grant(self.function, "dynamodb:GetItem", "dynamodb:UpdateItem")
        self.allow(["kms:VerifyMac"], [resources.link_key.key_arn])
        # The page links to predictions for some minutes, with the rights of this role.
        self.allow(["s3:GetObject"], [bucket.arn_for_objects(f"{PREDICTIONS_PREFIX}*")])
        self.allow_key(resources.key)
        acknowledge_prefix(self.role, bucket=bucket, prefix=PREDICTIONS_PREFIX)


class CloseApproval(ReleaseFunction):
    """Ends an approval that nobody decided in time, or whose run was stopped."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: ApprovalResources,
        log_days: int,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            folder="close_approval",
            description="Closes an approval and says how it was decided",
            log_days=log_days,
            environment={"APPROVALS_TABLE": resources.table.table_name},
        )
        resources.table.grant(self.function, "dynamodb:GetItem", "dynamodb:UpdateItem")
        self.allow_key(resources.key)
