"""Asking for approval: recorded first, each approver mailed a link of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from ask_approval.handler import handle
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sns.models import sns_backends
from shared.approvals import Approval, approval_id_of
from shared.approvals_table import ApprovalsTable
from shared.environment import InvalidEnvironmentError
from shared.links import KmsLinkKey, SignedClaim
from shared.subscriptions import ApproversNotConfirmed
from shared.transient import TransientError

from tests.unit.lambdas import approval_table, events
from tests.unit.lambdas.approval_fakes import ADA, GRACE, LIN, NOW, vote
from tests.unit.lambdas.aws_commands import commands, option, unknown_options

_EVENT = events.load("ask_approval")
_REMINDER = {**_EVENT, "reminder": True, "taskToken": "the-token-of-the-second-half"}
_ACCOUNT = "123456789012"


@dataclass
class _World:
    """The topic, the table and the key that the function works with."""

    topic_arn: str
    table: ApprovalsTable
    key: KmsLinkKey

    def subscribe(self, *addresses: str) -> None:
        for address in addresses:
            boto3.client("sns").subscribe(
                TopicArn=self.topic_arn,
                Protocol="email",
                Endpoint=address,
                Attributes={"FilterPolicy": json.dumps({"approver": [address]})},
            )

    @property
    def mails(self) -> list[tuple[str, str, str]]:
        """Approver attribute, subject and body of everything published."""
        topic = sns_backends[_ACCOUNT]["eu-west-1"].topics[self.topic_arn]
        return [
            ((attributes or {})["approver"]["Value"], subject or "", body)
            for _, body, subject, attributes, _ in topic.sent_notifications
        ]

    @property
    def recorded(self) -> Approval:
        approval = self.table.get(_EVENT["approvalId"])
        assert approval is not None
        return approval


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[_World]:
    with mock_aws():
        topic_arn = boto3.client("sns").create_topic(Name="approvals")["TopicArn"]
        key = boto3.client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        key_arn = key["KeyMetadata"]["Arn"]
        events.configure_ask_approval(monkeypatch, topic_arn=topic_arn)
        monkeypatch.setenv("LINK_KEY_ARN", key_arn)
        monkeypatch.setenv("APPROVALS_REQUIRED", "2")
        yield _World(
            topic_arn=topic_arn,
            table=approval_table.create(),
            key=KmsLinkKey(client=boto3.client("kms"), key_arn=key_arn),
        )


def _link(body: str) -> SignedClaim:
    [line] = [line for line in body.splitlines() if line.startswith("https://a1b2c3d4e5")]
    parts = urlsplit(line)
    path = {"approvalId": parts.path.removeprefix("/approvals/")}
    return SignedClaim.read(path_parameters=path, query=parts.query)


def test_each_approver_gets_a_mail_with_a_link_of_their_own(
    world: _World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.subscribe(ADA, GRACE.title(), LIN)

    assert handle(_EVENT, None) == {"mails": 3}

    recorded = world.recorded
    assert (recorded.status, recorded.task_token) == ("PENDING", _EVENT["taskToken"])
    assert [approver for approver, _, _ in world.mails] == [ADA, GRACE, LIN]
    for approver, subject, body in world.mails:
        assert subject == "iris 1a2b3c4d: better than live, approve?"
        signed = _link(body)
        assert signed.is_signed_by(world.key)
        assert recorded.approver_of(signed.claim.approver) == approver
        assert signed.claim.expires == recorded.expires_at
        assert f"as {approver}:" in body
        assert _EVENT["taskToken"] not in f"{subject}{body}"
    log = capsys.readouterr().out
    assert json.loads(log)["mails"] == 3
    assert _EVENT["taskToken"] not in log
    assert _EVENT["approvalId"] not in log


def test_retry_of_the_step_renews_the_token_and_keeps_the_links(world: _World) -> None:
    world.subscribe(ADA, GRACE)
    handle(_EVENT, None)
    handle({**_EVENT, "taskToken": "the-token-of-the-second-attempt"}, None)

    assert world.recorded.task_token == "the-token-of-the-second-attempt"  # noqa: S105 - none
    links = {_link(body) for approver, _, body in world.mails if approver == ADA}
    assert len(links) == 1


def test_a_reminder_goes_to_those_who_have_not_voted(world: _World) -> None:
    world.subscribe(ADA, GRACE, LIN)
    handle(_EVENT, None)
    world.table.vote(_EVENT["approvalId"], vote=vote(GRACE), now=NOW)
    asked, mails = world.recorded, len(world.mails)

    assert handle(_REMINDER, None) == {"mails": 2}

    reminders = world.mails[mails:]
    assert [approver for approver, _, _ in reminders] == [ADA, LIN]
    for _, subject, body in reminders:
        assert subject == "REMINDER: iris 1a2b3c4d: better than live, approve?"
        assert "Half of the time is over" in body
        assert f"{GRACE} approved it" in body
        assert _link(body).claim.expires == asked.expires_at
    assert world.recorded == replace(asked, task_token=_REMINDER["taskToken"])


@pytest.mark.parametrize("event", [_EVENT, _REMINDER])
def test_nothing_is_mailed_after_a_decision_and_the_new_token_is_to_be_told(
    world: _World, event: dict[str, Any]
) -> None:
    world.subscribe(ADA, GRACE, LIN)
    handle(_EVENT, None)
    world.table.vote(_EVENT["approvalId"], vote=vote(ADA, "rejected", reason="No"), now=NOW)
    mails = len(world.mails)

    assert handle({**event, "taskToken": "a-new-token"}, None) == {"mails": 0}

    assert len(world.mails) == mails
    assert world.recorded.status == "REJECTED"
    assert (world.recorded.task_token, world.recorded.workflow_told_at) == ("a-new-token", None)


def test_a_release_that_is_superseded_at_once_mails_nobody(world: _World) -> None:
    world.subscribe(ADA, GRACE, LIN)
    newer = f"{_EVENT['executionArn'][:-1]}x"
    handle(
        {
            **_EVENT,
            "executionArn": newer,
            "approvalId": approval_id_of(newer),
            "startedAt": "2026-11-22T14:06:00.000Z",
            "commitId": "5e6f7a8b",
        },
        None,
    )

    assert handle(_EVENT, None) == {"mails": 0}

    assert (world.recorded.status, world.recorded.superseded_by) == (
        "SUPERSEDED",
        "commit 5e6f7a8b",
    )


def test_too_few_confirmed_approvers_fail_at_once_and_say_how_to_mend_it(world: _World) -> None:
    world.subscribe(ADA)

    with pytest.raises(ApproversNotConfirmed) as raised:
        handle(_EVENT, None)

    message = str(raised.value)
    assert "needs the approval of 2, and only 1" in message
    assert f"{GRACE}, {LIN}" in message
    advised = commands(message)
    assert [option(command, "notification-endpoint") for command in advised] == [GRACE, LIN]
    for command, address in zip(advised, (GRACE, LIN), strict=True):
        assert unknown_options(command) == set()
        attributes = json.loads(option(command, "attributes"))
        assert json.loads(attributes["FilterPolicy"]) == {"approver": [address]}
        # What the message advises works.
        boto3.client("sns").subscribe(
            TopicArn=option(command, "topic-arn"),
            Protocol=option(command, "protocol"),
            Endpoint=option(command, "notification-endpoint"),
            Attributes=attributes,
        )
    assert world.table.get(_EVENT["approvalId"]) is None
    assert not world.mails
    assert handle(_EVENT, None) == {"mails": 3}


def test_enough_confirmed_approvers_are_asked_and_told_who_is_not(world: _World) -> None:
    world.subscribe(ADA, LIN)

    assert handle(_EVENT, None) == {"mails": 2}

    for approver, _, body in world.mails:
        assert approver != GRACE
        assert f"have not confirmed their subscription:\n{GRACE}." in body


def test_the_committers_own_approval_is_not_counted_on(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.subscribe(ADA, LIN)
    monkeypatch.setenv("COMMITTER_MAY_APPROVE", "false")

    with pytest.raises(ApproversNotConfirmed) as raised:
        handle(_EVENT, None)

    assert "only 1 of" in str(raised.value)
    assert f"{LIN} committed this change and may not approve it" in str(raised.value)
    world.subscribe(GRACE)
    handle(_EVENT, None)
    bodies = {approver: body for approver, _, body in world.mails}
    assert "you may reject it, but not approve it" in bodies[LIN]
    assert "you may reject it" not in bodies[ADA]


def test_a_reminder_never_fails_over_who_has_unsubscribed(world: _World) -> None:
    world.subscribe(ADA, GRACE)
    handle(_EVENT, None)
    sns = boto3.client("sns")
    for subscription in sns.list_subscriptions_by_topic(TopicArn=world.topic_arn)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    assert handle(_REMINDER, None) == {"mails": 0}


def test_a_reminder_that_cannot_be_mailed_leaves_the_run_listening(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.subscribe(ADA, GRACE, LIN)
    handle(_EVENT, None)

    def refuse(*_: object, **__: object) -> str:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, "Publish")

    monkeypatch.setattr("ask_approval.handler.publish", refuse)

    assert handle(_REMINDER, None) == {"mails": 0}
    assert world.recorded.task_token == _REMINDER["taskToken"]
    with pytest.raises(TransientError):
        handle(_EVENT, None)  # A first mail must come.


@pytest.mark.parametrize("event", [_EVENT, _REMINDER])
def test_each_mail_names_who_else_may_get_it(world: _World, event: dict[str, Any]) -> None:
    world.subscribe(ADA, GRACE.title(), "eve@example.com")

    assert handle(event, None) == {"mails": 2}

    for _, _, body in world.mails:
        others = body.partition("OTHERS WHO MAY GET THESE MAILS")[2]
        assert "email: eve@example.com\n" in others
        assert GRACE not in others.partition("ABOUT THESE MAILS")[0].casefold()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "") for name in (
            "APPROVALS_TABLE", "APPROVAL_TOPIC_ARN", "API_URL", "LINK_KEY_ARN", "APPROVERS",
            "APPROVALS_REQUIRED", "COMMITTER_MAY_APPROVE",
        )),
        ("APPROVERS", "ada@example.com"),
        ("APPROVERS", "[]"),
        ("APPROVERS", "[1]"),
        ("APPROVALS_REQUIRED", "0"),
        ("APPROVALS_REQUIRED", "4"),
        ("APPROVALS_REQUIRED", "²"),
        ("COMMITTER_MAY_APPROVE", "yes"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("world")
def test_missing_or_wrong_variable_names_itself(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InvalidEnvironmentError, match=name):
        handle(_EVENT, None)
