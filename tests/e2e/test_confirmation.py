"""An approver who has not confirmed the subscription gets no mail; nobody waits in vain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.image_build import PushedImage
from local.release import messages
from tests.e2e.system import ADA, APPROVERS, EVERYBODY, GRACE, System, reuse_training


@dataclass(frozen=True, kw_only=True)
class Subscriptions:
    """The approvers' subscriptions, which can be taken back to where AWS starts them."""

    system: System
    topic_arn: str

    @property
    def _sns(self) -> Any:  # noqa: ANN401 - no stubs for every client
        return self.system.client("sns")

    def unconfirm(self, address: str) -> None:
        """Let an address be subscribed and not confirmed."""
        listed = self._sns.list_subscriptions_by_topic(TopicArn=self.topic_arn)["Subscriptions"]
        [arn] = [item["SubscriptionArn"] for item in listed if item["Endpoint"] == address]
        self._sns.unsubscribe(SubscriptionArn=arn)
        self._sns.subscribe(
            TopicArn=self.topic_arn,
            Protocol="email",
            Endpoint=address,
            Attributes={"FilterPolicy": json.dumps({"approver": [address]})},
        )

    def confirm_all(self) -> None:
        """Do what the confirmation mails say."""
        listed = self._sns.list_subscriptions_by_topic(TopicArn=self.topic_arn)["Subscriptions"]
        for item in listed:
            if item["SubscriptionArn"] == "PendingConfirmation":
                asked = [
                    mail["body"]
                    for mail in messages(self.system.cloud)
                    if mail["to"] == item["Endpoint"] and "confirm-subscription" in mail["body"]
                ]
                self._sns.confirm_subscription(TopicArn=self.topic_arn, Token=asked[-1].split()[-1])


@pytest.fixture
def subscriptions(system: System) -> Iterator[Subscriptions]:
    """All confirmed, before and afterwards."""
    topics = system.client("sns").list_topics()["Topics"]
    [arn] = [item["TopicArn"] for item in topics if "Approvals" in item["TopicArn"]]
    made = Subscriptions(system=system, topic_arn=arn)
    yield made
    made.confirm_all()


def test_an_unconfirmed_approver_is_named_in_the_mail(
    system: System, image: PushedImage, subscriptions: Subscriptions
) -> None:
    # Given an approver who has not confirmed
    subscriptions.unconfirm(ADA)
    # When a release asks for approval
    release = system.release(image)
    release.wait_for_approval_link(GRACE)
    # Then the others are asked, and told who is not
    [mail] = release.mails()
    assert mail["to"] == GRACE
    told = " ".join(mail["body"].split())
    assert f"have not confirmed their subscription: {ADA}." in told
    # When that approver has confirmed, then the next release asks both
    subscriptions.confirm_all()
    release.abort()
    again = system.start_changed(image.release_input(), reuse_training)
    again.wait_for_approval_link(ADA)
    again.wait_for_approval_link(GRACE)
    again.abort()


def test_a_release_that_nobody_can_approve_fails_and_says_who_must_confirm(
    system: System, image: PushedImage, subscriptions: Subscriptions
) -> None:
    # Given no approver who has confirmed
    for address in APPROVERS:
        subscriptions.unconfirm(address)
    # When a commit is released
    release = system.release(image)
    outcome = system.ended(release)
    # Then it fails before it trains, and the mail of failures names them and what to do
    assert (outcome.status, outcome.error) == ("FAILED", "PreflightFailed")
    mails = release.mails()
    assert sorted(mail["to"] for mail in mails) == EVERYBODY
    for address in APPROVERS:
        assert address in outcome.cause
        assert address in mails[0]["body"]
    assert "aws sns subscribe" in mails[0]["body"]
    assert not release.approval_links()
