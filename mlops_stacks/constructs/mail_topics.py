"""Who is mailed what."""

from collections.abc import Sequence

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class MailTopics(Construct):
    """Two encrypted topics: approval links for approvers, outcomes for everybody concerned.

    Each address gets a confirmation mail from SNS once, and no mail before it is confirmed.

    Attributes:
        approvals: the topic of approval requests; approvers subscribe.
        outcomes: the topic of results and failures; approvers and operations subscribe.
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
        self.approvals = self._topic("Approvals", key=key, addresses=approvers)
        everybody = dict.fromkeys([*approvers, *operations])
        self.outcomes = self._topic("Outcomes", key=key, addresses=list(everybody))

    def _topic(self, construct_id: str, *, key: kms.IKey, addresses: Sequence[str]) -> sns.Topic:
        topic = sns.Topic(self, construct_id, master_key=key, enforce_ssl=True)
        for address in addresses:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        return topic
