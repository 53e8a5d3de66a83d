"""The customer managed key of everything that the foundation stores."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

KEY_USE = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
"""What reading and writing encrypted data needs; the CDK's own grants add wildcard actions."""


class CustomerKey(Construct):
    """One rotating key for data, images, approvals and messages.

    Args:
        for_events: whether EventBridge puts events into queues that are encrypted with it.

    Attributes:
        key: the KMS key.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: RemovalPolicy,
        for_events: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Model release: data, models, images, approvals, messages",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=removal_policy,
        )
        # Alarms are published to an encrypted topic:
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
        self._allow("AlarmsToTopics", "cloudwatch.amazonaws.com")
        if for_events:
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
            self._allow("EventsToQueues", "events.amazonaws.com")

    def _allow(self, sid: str, service: str) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal(service)],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],  # In a key's policy: this key.
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
