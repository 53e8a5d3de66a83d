"""Whoever gets the approval mails and is no approver is named in each of them."""

from __future__ import annotations

from collections.abc import Sequence

import boto3
import pytest
from ask_approval.question import write_mail
from botocore.stub import Stubber
from moto import mock_aws
from shared import aws
from shared.subscriptions import (
    Subscription,
    addresses_of,
    confirmed_subscriptions,
    others_among,
)

from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, GRACE, LIN
from tests.unit.lambdas.aws_commands import commands, option, unknown_options

_HEADING = "OTHERS WHO MAY GET THESE MAILS"
_ARN = "arn:aws:sns:eu-west-1:123456789012:approvals"
_QUEUE = "arn:aws:sqs:eu-west-1:123456789012:copies"


def _body(others: Sequence[Subscription]) -> str:
    mail = write_mail(
        APPROVAL,
        approver=ADA,
        link="https://api.example/approvals/x",
        unconfirmed=(),
        others=others,
        is_reminder=False,
    )
    return mail.body


def _other(number: int, *, protocol: str = "email", endpoint: str = "") -> Subscription:
    endpoint = endpoint or f"eve-{number}@example.com"
    return Subscription(protocol=protocol, endpoint=endpoint, arn=f"{_ARN}:{number}")


def test_others_are_the_confirmed_that_are_no_approvers_mail_on_all_pages() -> None:
    # Given a topic with approvers, others, and some that wait or have gone
    def listed(endpoint: str, protocol: str = "email", arn: str = f"{_ARN}:1") -> dict[str, str]:
        return {"Endpoint": endpoint, "SubscriptionArn": arn, "Protocol": protocol}

    pages = [
        [listed(ADA.upper()), listed(GRACE, "email-json"), listed("eve@example.com")],
        [listed("mallory@example.com", arn="PendingConfirmation"), listed(_QUEUE, "sqs")],
        # An approver's address at another protocol is not their mailbox.
        [listed("trent@example.com", arn="Deleted"), listed(LIN, "application")],
    ]
    with Stubber(aws.sns()) as sns:
        for i, page in enumerate(pages):
            request = {"TopicArn": _ARN, **({"NextToken": str(i)} if i else {})}
            more = {"NextToken": str(i + 1)} if i + 1 < len(pages) else {}
            sns.add_response(
                "list_subscriptions_by_topic", {"Subscriptions": page, **more}, request
            )
        # When they are listed, once
        found = confirmed_subscriptions(aws.sns(), topic_arn=_ARN)
        sns.assert_no_pending_responses()
    # Then both who gets mail and who else may get it is known
    assert addresses_of(found) == {ADA, GRACE, "eve@example.com"}
    others = others_among(found, approvers=APPROVAL.approvers)
    assert [(one.protocol, one.endpoint) for one in others] == [
        ("email", "eve@example.com"),
        ("sqs", _QUEUE),
        ("application", LIN),
    ]


def test_the_mail_names_others_and_what_it_advises_works() -> None:
    with mock_aws():
        # Given an approver, another address and a queue
        sns = boto3.client("sns")
        topic_arn = sns.create_topic(Name="approvals")["TopicArn"]
        for protocol, endpoint in (("email", ADA), ("email", "eve@example.com"), ("sqs", _QUEUE)):
            sns.subscribe(TopicArn=topic_arn, Protocol=protocol, Endpoint=endpoint)
        subscribed = confirmed_subscriptions(aws.sns(), topic_arn=topic_arn)
        # When the mail is written
        body = _body(others_among(subscribed, approvers=APPROVAL.approvers))
        # Then it names them
        section = body.partition(_HEADING)[2].partition("ABOUT THESE MAILS")[0]
        assert "email: eve@example.com\n" in section
        assert f"sqs: {_QUEUE}\n" in section
        assert ADA not in section
        # And its commands take them away, and nobody else
        advised = commands(section)
        assert len(advised) == 2
        for command in advised:
            assert command[:3] == ["aws", "sns", "unsubscribe"]
            assert unknown_options(command) == set()
            sns.unsubscribe(SubscriptionArn=option(command, "subscription-arn"))
        left = confirmed_subscriptions(aws.sns(), topic_arn=topic_arn)
        assert [one.endpoint for one in left] == [ADA]


def test_the_mail_says_nothing_of_others_when_there_are_none() -> None:
    assert _HEADING not in _body(())


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_of_a_web_address_only_the_host_is_named(protocol: str) -> None:
    hook = f"{protocol}://user:****@hooks.example/services/a-path-that-is-a-secret?key=1"

    body = _body([_other(1, protocol=protocol, endpoint=hook)])

    assert f"{protocol}: hooks.example\n" in body
    assert "a-path-that-is-a-secret" not in body


def test_of_very_many_others_some_are_named_and_the_rest_counted() -> None:
    body = _body([_other(number) for number in range(1000)])

    assert body.count("email: eve-") == 10
    assert "And 990 more." in body
    assert "ABOUT THESE MAILS" in body
