"""Who is mailed what."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

APPROVER_ATTRIBUTE = "approver"
"""The message attribute that names the one approver whom a mail is for."""


class MailTopics(Construct):
    """Two encrypted topics: approval links for approvers, outcomes for everybody concerned.

    Each address gets a confirmation mail from SNS once, and no mail before it is confirmed. An
    approver gets only the approval requests whose message attribute `approver` is their address:
    each mail carries a link of one person's own.
    https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html

    Attributes:
        approvals: the topic of approval requests; approvers subscribe.
        outcomes: the topic of results, failures and this account's alarms; approvers and
            operations subscribe.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        approvers: Sequence[str],
        operations: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.approvals = sns.Topic(self, "Approvals", master_key=key, enforce_ssl=True)
        for address in approvers:
            own = sns.SubscriptionFilter.string_filter(allowlist=[address])
            self.approvals.add_subscription(
                subscriptions.EmailSubscription(address, filter_policy={APPROVER_ATTRIBUTE: own})
            )
        self.outcomes = sns.Topic(self, "Outcomes", master_key=key, enforce_ssl=True)
        for address in dict.fromkeys([*approvers, *operations]):
            self.outcomes.add_subscription(subscriptions.EmailSubscription(address))
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        alarms = Stack.of(self).format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.outcomes.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.outcomes.topic_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": alarms},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
