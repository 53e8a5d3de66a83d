"""Queues between rules and functions: time, permissions, mappings and figures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.core import iam_evaluator  # type: ignore[import-untyped]
from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import cloudwatch, eventbridge, iam, kms, lambda_svc, s3, sqs  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud import access, queues

_ACCOUNT, _REGION = "111111111111", "eu-central-1"
_QUEUE = f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:events"
_KEY = f"arn:aws:kms:{_REGION}:{_ACCOUNT}:key/0a0b0c0d-0000-4000-8000-000000000000"
_RULE = f"arn:aws:events:{_REGION}:{_ACCOUNT}:rule/data"
_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/listener"
_SCALE = 0.1
_STORES = (
    sqs._queues,
    sqs._queue_name_to_url,
    kms._keys,
    iam._roles,
    s3._buckets,
    s3._bucket_notifications,
    eventbridge._rules,
    eventbridge._targets,
    cloudwatch._metrics,
    lambda_svc._functions,
    lambda_svc._esms,
)


@pytest.fixture(autouse=True)
def _corrected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module, names in {
        iam_evaluator: ("_resource_policy", "_resolve_condition_key", "enforce"),
        sqs: ("queue_delay", "_collect_msgs"),
        eventbridge: ("_invoke_target",),
    }.items():
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name))
    kind = "AWS::Lambda::EventSourceMapping"
    handlers = provisioners._RESOURCE_HANDLERS
    monkeypatch.setitem(handlers, kind, dict(handlers[kind]))
    monkeypatch.setattr(lambda_svc, "_ensure_poller", lambda: None)
    access.correct()
    queues.shorten_times(_SCALE)
    queues.ask_policies_about_rules()
    queues.refuse_mappings_that_cannot_work()
    with request_scope(_ACCOUNT, _REGION):
        yield
    for store in _STORES:
        store.clear()


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


_EVENTS = {"Principal": {"Service": "events.amazonaws.com"}}
_SENDS = allow("sqs:SendMessage", **_EVENTS, Condition={"ArnEquals": {"aws:SourceArn": _RULE}})
_ENCRYPTS = allow(
    "kms:Decrypt",
    "kms:GenerateDataKey",
    **_EVENTS,
    Condition={"StringEquals": {"aws:SourceAccount": _ACCOUNT}},
)
_TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sqs:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def queue(*statements: dict[str, Any], key: tuple[dict[str, Any], ...] | None = None) -> Any:  # noqa: ANN401
    """A queue that delays for 100 s and hides for 900 s, encrypted if its key has a policy."""
    attributes = {"DelaySeconds": "100", "VisibilityTimeout": "900"}
    if statements:
        attributes["Policy"] = document(*statements)
    if key is not None:
        attributes["KmsMasterKeyId"] = _KEY
        kms._keys[_KEY.rpartition("/")[2]] = {
            "KeyId": _KEY.rpartition("/")[2],
            "Arn": _KEY,
            "Policy": document(*key),
        }
    sqs._act_create_queue({"QueueName": "events", "Attributes": attributes}, "")
    return sqs._queue_by_arn(_QUEUE)


def rule(**properties: str) -> None:
    targets = [{"Id": "queue", "Arn": _QUEUE}]
    provisioners._eb_rule_create("Rule", {"Name": "data", "Targets": targets, **properties}, "")


def bucket() -> None:
    s3._buckets["data"] = {"objects": {}, "region": _REGION}
    wanted = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    provisioners._s3_apply_notification("data", wanted)
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "train/"}]}}}
    rule(EventPattern=json.dumps(pattern))


def bodies() -> list[dict[str, Any]]:
    return [json.loads(message["body"]) for message in sqs._queue_by_arn(_QUEUE)["messages"]]


def test_an_object_reaches_the_queue_and_is_kept_back_for_a_shorter_time() -> None:
    made = queue(_SENDS, _TLS_ONLY, key=(_ENCRYPTS,))
    bucket()

    s3._fire_s3_event("data", "test/a.csv", "s3:ObjectCreated:Put")
    s3._fire_s3_event("data", "train/a.csv", "s3:ObjectCreated:Put")
    s3._fire_s3_event("data", "train/a.csv", "s3:ObjectRemoved:DeleteMarkerCreated")

    assert [body["detail-type"] for body in bodies()] == ["Object Created", "Object Deleted"]
    assert {body["detail"]["object"]["key"] for body in bodies()} == {"train/a.csv"}
    for message in made["messages"]:
        assert message["visible_at"] - message["sent_at"] == pytest.approx(100 * _SCALE)


def test_a_message_is_hidden_for_a_shorter_time() -> None:
    made = queue()
    sqs._act_send_message({"QueueUrl": made["url"], "MessageBody": "x", "DelaySeconds": 0}, "")

    [message] = sqs._receive_messages_for_esm(made["url"], 10)

    assert message["visible_at"] - time.time() == pytest.approx(900 * _SCALE, abs=5)
    assert message["receive_count"] == 1


@pytest.mark.parametrize(
    ("statements", "key"),
    [
        ((), None),
        ((_TLS_ONLY,), None),
        ((allow("sqs:ReceiveMessage", **_EVENTS),), None),
        ((allow("sqs:SendMessage", Principal={"Service": "s3.amazonaws.com"}),), None),
        (
            (
                allow(
                    "sqs:SendMessage",
                    **_EVENTS,
                    Condition={"ArnEquals": {"aws:SourceArn": f"{_RULE}2"}},
                ),
            ),
            None,
        ),
        ((_SENDS,), ()),
        ((_SENDS,), (allow("kms:Decrypt", **_EVENTS),)),
    ],
)
def test_policies_of_queue_and_key_are_asked(
    statements: tuple[dict[str, Any], ...], key: tuple[dict[str, Any], ...] | None
) -> None:
    queue(*statements, key=key)
    bucket()

    s3._fire_s3_event("data", "train/a.csv", "s3:ObjectCreated:Put")

    assert bodies() == []
    [name] = [name for _, name, _ in cloudwatch._metrics]
    assert name == "FailedInvocations"


def test_a_schedule_reaches_the_queue_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    queue(_SENDS)
    rule(ScheduleExpression="rate(1 hour)")
    now = time.time()
    for hours in (0, 0.5, 1.1, 1.5, 2.2):
        monkeypatch.setattr(eventbridge, "_now_ts", lambda hours=hours: now + hours * 3600)
        eventbridge._tick_scheduled_rules()

    assert [(body["source"], body["detail-type"]) for body in bodies()] == [
        ("aws.events", "Scheduled Event")
    ] * 2
    assert len({body["time"] for body in bodies()}) == 2


def mapping(*actions: str, timeout: int = 60) -> str:
    """Make a mapping for a function whose role may do this."""
    iam._roles["listener"] = {
        "Arn": _ROLE,
        "InlinePolicies": {"given": document(allow(*actions))} if actions else {},
        "AttachedPolicies": [],
        "AssumeRolePolicyDocument": "{}",
    }
    lambda_svc._functions["listener"] = {
        "config": {
            "FunctionArn": f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:listener",
            "Role": _ROLE,
            "Timeout": timeout,
        }
    }
    properties = {"EventSourceArn": _QUEUE, "FunctionName": "listener"}
    create = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]["create"]
    return str(create("Mapping", properties, "stack")[0])


_READS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_OWNER = allow("kms:*", Principal={"AWS": f"arn:aws:iam::{_ACCOUNT}:root"})


def test_a_role_that_may_receive_gets_a_mapping() -> None:
    queue(key=(_OWNER,))

    assert mapping(*_READS, "kms:Decrypt") in lambda_svc._esms


@pytest.mark.parametrize("lacking", [*_READS, "kms:Decrypt"])
def test_a_role_that_lacks_something_gets_none(lacking: str) -> None:
    queue(key=(_OWNER,))

    with pytest.raises(ValueError, match=f"call {lacking.partition(':')[2]} on"):
        mapping(*({*_READS, "kms:Decrypt"} - {lacking}))


def test_a_queue_waits_for_its_function() -> None:
    queue()

    with pytest.raises(ValueError, match="900 seconds is less than Function timeout: 901"):
        mapping(*_READS, timeout=901)


def test_cloudwatch_knows_how_many_messages_wait() -> None:
    made = queue()
    for delay in (0, 0, 900):
        message = {"QueueUrl": made["url"], "MessageBody": "x", "DelaySeconds": delay}
        sqs._act_send_message(message, "")

    queues.count_messages()

    [(key, points)] = cloudwatch._metrics.items()
    assert key[:2] == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert [point["Value"] for point in points] == [2]
    assert points[0]["Dimensions"] == {"QueueName": "events"}
