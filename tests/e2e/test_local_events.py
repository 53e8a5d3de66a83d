"""What approvals stand on, in the local cloud: streams, signatures, mail, task tokens, rules."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from local.deployment import session
from local.release import messages, wait_for
from local.running_cloud import RunningCloud
from tests.e2e import events_stack


@dataclass(frozen=True, kw_only=True)
class Events:
    """The stack on a cloud of its own."""

    cloud: RunningCloud
    outputs: dict[str, str]

    def client(self, service: str) -> Any:  # noqa: ANN401 - any service's client
        """An AWS client as the account's root."""
        return session(self.cloud).client(service)  # type: ignore[call-overload]

    def write(self, *keys: str) -> list[str]:
        """Put items whose keys nobody has used before; the keys."""
        written = [f"{key}-{uuid.uuid4()}" for key in keys]
        for key in written:
            self.client("dynamodb").put_item(
                TableName=self.outputs["Table"], Item={"key": {"S": key}, "value": {"S": "x"}}
            )
        return written

    def kept(self, key: str) -> dict[str, Any] | None:
        """What a function has written about a key."""
        found = self.client("dynamodb").get_item(
            TableName=self.outputs["Seen"], Key={"key": {"S": key}}, ConsistentRead=True
        )
        return {name: next(iter(value.values())) for name, value in found.get("Item", {}).items()}

    def seen(self, key: str) -> int:
        """How often a key has arrived."""
        return int((self.kept(key) or {}).get("seen", 0))

    def subscribe(self, address: str) -> None:
        """Let an address have every mail of the topic, as its owner does."""
        sns, topic = self.client("sns"), self.outputs["Topic"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
        [question] = self.mails_to(address)
        sns.confirm_subscription(TopicArn=topic, Token=question.split()[-1])

    def mails_to(self, address: str) -> list[str]:
        """Bodies of the mails to somebody."""
        return [mail["body"] for mail in messages(self.cloud) if mail["to"] == address]


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Events]:
    """The stack, created by CloudFormation."""
    cloud = RunningCloud.start(tmp_path_factory.mktemp("events"), engine=None)
    try:
        yield Events(cloud=cloud, outputs=_create(cloud, "events", events_stack.template()))
    finally:
        cloud.stop()


def _create(cloud: RunningCloud, name: str, template: str) -> dict[str, str]:
    cloudformation = session(cloud).client("cloudformation")
    cloudformation.create_stack(
        StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_IAM"]
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def test_a_change_arrives_soon(events: Events) -> None:
    [warm] = events.write("ok-0")
    wait_for(lambda: events.seen(warm), seconds=90, what="the function's first start")
    [key] = events.write("ok-0")
    wait_for(lambda: events.seen(key), seconds=20, what="the change")


@pytest.mark.parametrize("how", ["raise", "kill"])
def test_a_failed_delivery_is_tried_again(events: Events, how: str) -> None:
    [key, later] = events.write(f"{how}-2", "ok-0")
    wait_for(lambda: events.seen(key) == 3 and events.seen(later), seconds=90, what="the retries")


def test_only_what_failed_and_came_later_is_delivered_again(events: Events) -> None:
    keys = events.write("ok-0", "report-1", "ok-0")
    wait_for(lambda: events.seen(keys[1]) == 2, seconds=90, what="the retry")
    wait_for(lambda: events.seen(keys[2]), seconds=90, what="the last one")
    assert events.seen(keys[0]) == 1


@pytest.mark.parametrize(
    ("limits", "condition"),
    [
        ({"MaximumRetryAttempts": 3, "MaximumRecordAgeInSeconds": -1}, "RetryAttemptsExhausted"),
        # AWS takes no age below 60; nobody waits for that here.
        ({"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": 2}, "MaxRecordAgeExceeded"),
    ],
)
def test_a_record_that_always_fails_is_given_up_and_told(
    events: Events, limits: dict[str, int], condition: str
) -> None:
    # Given somebody who reads what the mapping gives up
    functions, mapping = events.client("lambda"), events.outputs["Mapping"]
    functions.update_event_source_mapping(UUID=mapping, **limits)
    reader = f"{condition}@example.com"
    events.subscribe(reader)
    # When a record fails until the mapping's limit
    [key] = events.write("raise-99")
    wait_for(lambda: events.mails_to(reader)[1:], seconds=90, what="the news")
    told = json.loads(events.mails_to(reader)[-1])
    assert told["requestContext"]["condition"] == condition
    assert events.seen(key) == 4 or limits["MaximumRetryAttempts"] < 0, "once and three more times"
    # Then the stream goes on
    [later] = events.write("ok-0")
    wait_for(lambda: events.seen(later), seconds=90, what="the record after it")
    functions.update_event_source_mapping(UUID=mapping, MaximumRetryAttempts=3)


def test_a_role_that_may_not_read_the_stream_gets_no_mapping(events: Events) -> None:
    with pytest.raises(WaiterError):
        _create(events.cloud, "refused", events_stack.template(may_read=False))
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in events.client("cloudformation").describe_stack_events(StackName="refused")[
            "StackEvents"
        ]
    ]
    assert any("Please ensure the role can perform the GetRecords" in text for text in reasons)


def test_a_key_signs_for_whom_it_may_and_verifies(events: Events) -> None:
    # Given a function that may make a signature and not verify one
    answer = events.client("lambda").invoke(FunctionName=events.outputs["Signer"])
    mac, verdict = json.load(answer["Payload"])
    assert verdict == "AccessDeniedException"
    # Then another caller verifies it, and no other signature
    kms = events.client("kms")
    given = {"KeyId": events.outputs["Key"], "MacAlgorithm": "HMAC_SHA_256"}
    message = b"message"
    assert kms.verify_mac(**given, Message=message, Mac=bytes.fromhex(mac))["MacValid"]
    for wrong in (bytes.fromhex(mac)[::-1], b"short"):
        with pytest.raises(kms.exceptions.KMSInvalidMacException):
            kms.verify_mac(**given, Message=message, Mac=wrong)


def test_a_mail_reaches_whom_it_is_for(events: Events) -> None:
    sns, topic = events.client("sns"), events.outputs["Topic"]
    for address in ("ada@example.com", "grace@example.com"):
        attribute = {"DataType": "String", "StringValue": address}
        sns.publish(
            TopicArn=topic,
            Subject="Question",
            Message=f"For {address}",
            MessageAttributes={"approver": attribute},
        )
    assert events.mails_to("ada@example.com") == ["For ada@example.com"]
    assert events.mails_to("grace@example.com") == ["For grace@example.com"]


def test_a_subscription_by_hand_waits_for_its_confirmation(events: Events) -> None:
    sns, topic = events.client("sns"), events.outputs["Topic"]

    def arns() -> dict[str, str]:
        listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return {item["Endpoint"]: item["SubscriptionArn"] for item in listed}

    # Given one that nobody has confirmed
    address = "edsger@example.com"
    made = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    assert made["SubscriptionArn"] == "pending confirmation"
    assert arns()[address] == "PendingConfirmation"
    assert arns()["ada@example.com"].startswith(topic), "those of a stack are confirmed"
    # Then it gets nothing but the question whether it shall be one
    sns.publish(TopicArn=topic, Subject="News", Message="Before")
    [question] = events.mails_to(address)
    assert re.search(r"--token \S+", question)
    # When it is confirmed, then it does
    sns.confirm_subscription(TopicArn=topic, Token=question.split()[-1])
    assert arns()[address].startswith(topic)
    sns.publish(TopicArn=topic, Subject="News", Message="After")
    assert events.mails_to(address)[1:] == ["After"]


def test_a_wait_that_is_over_goes_on_with_another_token(events: Events) -> None:
    states = events.client("stepfunctions")
    name = str(uuid.uuid4())
    execution = states.start_execution(stateMachineArn=events.outputs["Machine"], name=name)

    def token(state: str) -> str:
        kept = wait_for(lambda: events.kept(f"{state}-{name}"), seconds=90, what=state)
        return str(kept["kept"])

    def refused(token: str) -> str:
        with pytest.raises(ClientError) as caught:
            states.send_task_success(taskToken=token, output="{}")
        return str(caught.value.response["Error"]["Code"])

    # Given a wait that has timed out, and one that follows it
    first, second = token("once"), token("again")
    # Then the first token is void, and one that never was is not valid
    assert refused(first) == "TaskTimedOut"
    assert refused("x" * 30) == "InvalidToken"
    # And the second counts once
    states.send_task_success(taskToken=second, output='{"decision": "approved"}')
    assert refused(second) == "TaskTimedOut"

    def ended() -> Any:  # noqa: ANN401
        found = states.describe_execution(executionArn=execution["executionArn"])
        return found if found["status"] != "RUNNING" else None

    assert json.loads(wait_for(ended, seconds=90, what="the end")["output"]) == {
        "decision": "approved"
    }
    # And both targets of the rule have seen the end
    for target in ("Keeper", "OtherKeeper"):
        news = partial(events.kept, f"{target}-{name}")
        assert wait_for(news, seconds=90, what=target)["kept"] == "SUCCEEDED"


def test_a_mapping_goes_with_its_stack(events: Events) -> None:
    """The last one: the stack is gone afterwards."""
    functions = events.client("lambda")
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    [mine] = [item for item in mappings if item["UUID"] == events.outputs["Mapping"]]
    assert mine["MaximumRetryAttempts"] == 3
    cloudformation = events.client("cloudformation")
    cloudformation.delete_stack(StackName="events")
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName="events", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    left = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mine["UUID"] not in [item["UUID"] for item in left]
    key = events.client("kms").describe_key(KeyId=events.outputs["Key"])["KeyMetadata"]
    assert (key["KeySpec"], key["KeyState"]) == ("HMAC_256", "PendingDeletion")
