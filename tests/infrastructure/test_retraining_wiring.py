"""New data and time reach the function that starts releases; without the setting there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infrastructure.event_rules import event_rules, function_arn, matching
from tests.infrastructure.intrinsics import ACCOUNT, REGION, Intrinsics
from tests.infrastructure.synthesis import Synthesis, settings_of
from tests.unit.lambdas import events

_QUEUE = "AWS::SQS::Queue"
_MAPPING = "AWS::Lambda::EventSourceMapping"
_BUCKET = "databuckete6b0faa8"


@pytest.fixture(scope="module")
def intrinsics(closed: Synthesis) -> Intrinsics:
    """Resolves values of the stack that listens to data and time."""
    templates = closed.templates
    return Intrinsics(templates["release"], others=(templates["foundation"],))


@pytest.fixture(scope="module")
def queue(closed: Synthesis, intrinsics: Intrinsics) -> dict[str, Any]:
    """The queue that keeps events back."""
    return _queues(closed, intrinsics)["Queue"]


@pytest.fixture(scope="module")
def mapping(closed: Synthesis, intrinsics: Intrinsics) -> dict[str, Any]:
    """What the function is called with."""
    (found,) = (
        intrinsics.resolve(one["Properties"])
        for name, one in closed.resources(_MAPPING).items()
        if name.startswith("Retraining")
    )
    return dict(found)


def _queues(synthesis: Synthesis, intrinsics: Intrinsics) -> dict[str, dict[str, Any]]:
    """Both queues, each with its ARN, by its id in the construct."""
    return {
        logical_id.removeprefix("Retraining")[:-8]: {
            **intrinsics.resolve(one["Properties"]),
            "Arn": intrinsics.resolve({"Fn::GetAtt": [logical_id, "Arn"]}),
        }
        for logical_id, one in synthesis.resources(_QUEUE).items()
    }


def _s3_event(**changes: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(events.load("retrain_new_data")["Records"][0]["body"])
    event["detail"]["bucket"]["name"] = changes.get("bucket", _BUCKET)
    event["detail"]["object"]["key"] = changes.get("key", "train/2026/a.csv")
    return {**event, "detail-type": changes.get("kind", "Object Created")}


def test_without_the_setting_nothing_of_it_is_there(shipped: Synthesis) -> None:
    assert shipped.resources(_QUEUE) == {}
    assert "NotificationConfiguration" not in json.dumps(shipped.templates["foundation"])
    for name in ("foundation", "release"):
        text = json.dumps(shipped.templates[name])
        assert "Retrain" not in text
    assert "events.amazonaws.com" not in json.dumps(shipped.templates["foundation"])


def test_the_bucket_tells_eventbridge_without_a_custom_resource(
    closed: Synthesis, disposable: Synthesis
) -> None:
    told = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    buckets = closed.resources("AWS::S3::Bucket", stack="foundation")
    set_up = [one["Properties"].get("NotificationConfiguration") for one in buckets.values()]

    assert sorted(set_up, key=str) == sorted([None, told], key=str)
    assert "S3BucketNotifications" not in json.dumps(closed.templates)
    # Nor does it where only time counts
    assert "NotificationConfiguration" not in json.dumps(disposable.templates["foundation"])


@pytest.mark.parametrize("kind", ["Object Created", "Object Deleted"])
def test_what_comes_and_goes_under_train_is_told(
    closed: Synthesis, intrinsics: Intrinsics, queue: dict[str, Any], kind: str
) -> None:
    (rule,) = event_rules(closed, intrinsics, prefix="RetrainingNewData")

    assert matching([rule], _s3_event(kind=kind)) == [rule]
    assert rule["State"] == "ENABLED"
    assert [target["Arn"] for target in rule["Targets"]] == [queue["Arn"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "test/a.csv"},
        {"key": "models/train/a.csv"},
        {"bucket": f"{_BUCKET}2"},
        {"kind": "Object Tags Added"},
    ],
)
def test_nothing_else_is(
    closed: Synthesis, intrinsics: Intrinsics, changes: dict[str, str]
) -> None:
    (rule,) = event_rules(closed, intrinsics, prefix="RetrainingNewData")

    assert matching([rule], _s3_event(**changes)) == []


def test_the_schedule_goes_the_same_way(
    closed: Synthesis, disposable: Synthesis, intrinsics: Intrinsics, queue: dict[str, Any]
) -> None:
    (rule,) = event_rules(closed, intrinsics, prefix="RetrainingSchedule")
    templates = disposable.templates
    alone = Intrinsics(templates["release"], others=(templates["foundation"],))
    (only,) = event_rules(disposable, alone, prefix="Retraining")

    assert rule["ScheduleExpression"] == "rate(7 days)"
    assert [target["Arn"] for target in rule["Targets"]] == [queue["Arn"]]
    assert only["ScheduleExpression"] == "cron(0 6 ? * MON *)"
    assert "EventPattern" not in only


def test_only_the_rules_may_send_and_only_by_tls(
    closed: Synthesis, intrinsics: Intrinsics, queue: dict[str, Any]
) -> None:
    rules = [rule["Arn"] for rule in event_rules(closed, intrinsics, prefix="Retraining")]
    policies = [
        intrinsics.resolve(one["Properties"]["PolicyDocument"])["Statement"]
        for one in closed.resources("AWS::SQS::QueuePolicy").values()
    ]
    allowed = [one for policy in policies for one in policy if one["Effect"] == "Allow"]
    denied = [one for policy in policies for one in policy if one["Effect"] == "Deny"]

    (statement,) = allowed
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", queue["Arn"])
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rules}}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    assert [one["Condition"] for one in denied] == [plain] * len(_queues(closed, intrinsics))


def test_messages_are_encrypted_with_the_customer_key(
    closed: Synthesis, intrinsics: Intrinsics
) -> None:
    keys = {one["KmsMasterKeyId"] for one in _queues(closed, intrinsics).values()}
    (key,) = keys
    (policy,) = (
        one["Properties"]["KeyPolicy"]
        for name, one in closed.resources("AWS::KMS::Key", stack="foundation").items()
        if key.endswith(f":key/{name}")
    )
    (statement,) = (one for one in policy["Statement"] if one.get("Sid") == "EventsToQueues")

    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_events_are_kept_back_and_come_again_for_longer_than_a_release_takes(
    closed: Synthesis, intrinsics: Intrinsics, queue: dict[str, Any], mapping: dict[str, Any]
) -> None:
    settings = settings_of("closed")
    assert queue["DelaySeconds"] == settings.retraining.wait_minutes * 60
    redrive = queue["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == _queues(closed, intrinsics)["GivenUp"]["Arn"]
    looks = redrive["maxReceiveCount"] * queue["VisibilityTimeout"]
    week = 7 * 24 * 3600
    assert week < looks < queue["MessageRetentionPeriod"]
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    (function,) = (
        one["Properties"]
        for one in closed.resources("AWS::Lambda::Function", stack="release").values()
        if one["Properties"]["Handler"] == "retrain.handler.handle"
    )
    window = mapping["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"] + window


def test_a_batch_may_come_again_in_part(
    closed: Synthesis, intrinsics: Intrinsics, queue: dict[str, Any], mapping: dict[str, Any]
) -> None:
    assert mapping["FunctionName"] == function_arn(closed, intrinsics, "retrain")
    assert mapping["EventSourceArn"] == queue["Arn"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}


def test_it_stops_listening_before_the_stack_stops_releases(closed: Synthesis) -> None:
    (listening,) = (
        one for name, one in closed.resources(_MAPPING).items() if name.startswith("Retraining")
    )
    resources = closed.templates["release"]["Resources"]
    kinds = {resources[name]["Type"] for name in listening["DependsOn"]}

    # CloudFormation deletes what depends on something before it.
    assert "Custom::TearDown" in kinds
    assert "AWS::IAM::Policy" in kinds, "Lambda asks whether the role may read the queue"


def test_errors_and_what_was_given_up_are_mailed(
    closed: Synthesis, intrinsics: Intrinsics, queue: dict[str, Any]
) -> None:
    alarms = [
        intrinsics.resolve(one["Properties"])
        for name, one in closed.resources("AWS::CloudWatch::Alarm").items()
        if name.startswith("Retraining")
    ]
    watched = {alarm["MetricName"]: alarm for alarm in alarms}
    failing, waiting = watched["Errors"], watched["ApproximateNumberOfMessagesVisible"]

    name = function_arn(closed, intrinsics, "retrain").split(":")[-1]
    assert failing["Dimensions"] == [{"Name": "FunctionName", "Value": name}]
    assert failing["Period"] > queue["VisibilityTimeout"], "one alarm, not one for each try"
    given_up = _queues(closed, intrinsics)["GivenUp"]["Arn"].split(":")[-1]
    assert waiting["Dimensions"] == [{"Name": "QueueName", "Value": given_up}]
    for alarm in alarms:
        assert alarm["AlarmActions"] == [f"arn:aws:sns:{REGION}:{ACCOUNT}:MailOutcomes87337B1C"]
        assert alarm["Threshold"] == 1
        assert "iris" in alarm["AlarmDescription"]
