"""Who is mailed what: encrypted topics, and who may publish to them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.synthesis import Synthesis

_KEY = {"Fn::GetAtt": ["CustomerKeyA9FF30A4", "Arn"]}


def test_topics_are_encrypted_and_refuse_plain_http(shipped: Synthesis) -> None:
    topics = shipped.resources("AWS::SNS::Topic")
    secured: set[str] = set()
    for policy in shipped.resources("AWS::SNS::TopicPolicy").values():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        (statement,) = (one for one in statements if one["Effect"] == "Deny")
        assert statement["Action"] == "sns:Publish"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        secured.update(topic["Ref"] for topic in policy["Properties"]["Topics"])

    assert secured == set(topics)
    assert [topic["Properties"]["KmsMasterKeyId"] for topic in topics.values()] == [_KEY, _KEY]


def test_alarms_of_this_account_may_publish_outcomes_and_nothing_else(shipped: Synthesis) -> None:
    allowed = [
        (topic["Ref"], statement)
        for policy in shipped.resources("AWS::SNS::TopicPolicy").values()
        for topic in policy["Properties"]["Topics"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    ((topic, statement),) = allowed
    assert topic == "MailOutcomes87337B1C"
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Resource"] == {"Ref": topic}
    condition = statement["Condition"]
    assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert condition["ArnLike"]["aws:SourceArn"]["Fn::Join"][1][-1] == ":alarm:*"


@pytest.mark.parametrize(
    ("topic", "addresses"),
    [
        ("MailApprovals", ["ada@example.com", "grace@example.com"]),
        # Ada is named twice in the settings, and mailed once.
        ("MailOutcomes", ["ada@example.com", "grace@example.com", "operations@example.com"]),
    ],
)
def test_people_are_subscribed_once(shipped: Synthesis, topic: str, addresses: list[str]) -> None:
    subscribed = [
        subscription["Properties"]["Endpoint"]
        for subscription in shipped.resources("AWS::SNS::Subscription").values()
        if subscription["Properties"]["TopicArn"]["Ref"].startswith(topic)
        and subscription["Properties"]["Protocol"] == "email"
    ]

    assert sorted(subscribed) == addresses


def test_an_approver_gets_the_requests_that_name_them_and_everybody_the_outcomes(
    shipped: Synthesis,
) -> None:
    filters: dict[str, dict[str, Any]] = {"MailApprovals": {}, "MailOutcomes": {}}
    for subscription in shipped.resources("AWS::SNS::Subscription").values():
        properties = subscription["Properties"]
        topic = properties["TopicArn"]["Ref"].rstrip("0123456789ABCDEF")
        filters[topic][properties["Endpoint"]] = properties.get("FilterPolicy")
        assert properties.get("FilterPolicyScope", "MessageAttributes") == "MessageAttributes"

    assert filters["MailApprovals"] == {
        address: {"approver": [address]} for address in ("ada@example.com", "grace@example.com")
    }
    assert set(filters["MailOutcomes"].values()) == {None}
