"""A small stack that sends events to functions, to see whether the local cloud does as AWS does."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.stack_parts import attribute, function, permission, role, statement, table

# A record's key says how it is taken: `raise-2-…` fails twice, `kill-…` ends the process,
# `report-…` is named in the answer. Everything that arrives is counted in the other table.
_CONSUMER = """
import os, signal
import boto3

table = boto3.resource("dynamodb").Table(os.environ["SEEN"])

def count(key):
    answer = table.update_item(
        Key={"key": key},
        UpdateExpression="ADD seen :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return int(answer["Attributes"]["seen"])

def handle(event, context):
    failures = []
    for record in event["Records"]:
        assert set(record["dynamodb"]) >= {"Keys", "SequenceNumber"}, record
        assert "NewImage" not in record["dynamodb"], "keys only"
        key = record["dynamodb"]["Keys"]["key"]["S"]
        how, times = key.split("-")[:2]
        if count(key) > int(times):
            continue
        if how == "raise":
            raise RuntimeError(key)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "report":
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
    return {"batchItemFailures": failures}
"""

# Keeps what it is called with: a task token, an event of EventBridge.
_KEEPER = """
import os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["SEEN"])

def handle(event, context):
    if "kept" in event:
        item = event
    else:
        execution = event["detail"]["executionArn"].rpartition(":")[2]
        item = {"key": f"{os.environ['NAME']}-{execution}", "kept": event["detail"]["status"]}
    table.put_item(Item=item)
    return "not the state's result"
"""

_SIGNER = """
import os
import boto3
from botocore.exceptions import ClientError

kms = boto3.client("kms")
given = {"KeyId": os.environ["KEY"], "MacAlgorithm": "HMAC_SHA_256", "Message": b"message"}

def handle(event, context):
    mac = kms.generate_mac(**given)["Mac"]
    try:
        kms.verify_mac(**given, Mac=mac)
    except ClientError as error:
        return [mac.hex(), error.response["Error"]["Code"]]
    return [mac.hex(), "verified"]
"""


def template(*, may_read: bool = True) -> str:
    """The stack; without `may_read` the consumer's role may not read the stream."""
    resources: dict[str, Any] = {
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "KeySpec": "HMAC_256",
                "KeyUsage": "GENERATE_VERIFY_MAC",
                "KeyPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            **statement("kms:*", "*"),
                            "Principal": {"AWS": {"Ref": "AWS::AccountId"}},
                        }
                    ],
                },
            },
        },
        "Table": table(StreamSpecification={"StreamViewType": "KEYS_ONLY"}),
        "Seen": table(),
        "Topic": {"Type": "AWS::SNS::Topic"},
        "ConsumerRole": role(*(_reads_stream() if may_read else ()), *_writes()),
        "Consumer": _function("Consumer", _CONSUMER),
        "Mapping": _mapping(MaximumRetryAttempts=3, BatchSize=10),
        "KeeperRole": role(*_writes()),
        "Keeper": _function("Keeper", _KEEPER),
        "OtherKeeper": _function("OtherKeeper", _KEEPER, role="KeeperRole"),
        "SignerRole": role(statement("kms:GenerateMac", attribute("Key.Arn"))),
        "Signer": _function("Signer", _SIGNER, KEY=attribute("Key.Arn")),
        "MachineRole": role(
            statement("lambda:InvokeFunction", attribute("Keeper.Arn")), service="states"
        ),
        "Machine": _machine(),
        "Rule": _rule("Keeper", "OtherKeeper"),
        "KeeperPermission": permission("Keeper", "Rule"),
        "OtherKeeperPermission": permission("OtherKeeper", "Rule"),
    }
    for name, address in {"Ada": "ada@example.com", "Grace": "grace@example.com"}.items():
        resources[name] = _subscription(address)
    outputs = {name: {"Value": {"Ref": name}} for name in ("Key", "Table", "Seen", "Topic")}
    outputs |= {name: {"Value": {"Ref": name}} for name in ("Signer", "Machine", "Mapping")}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def _reads_stream() -> tuple[dict[str, Any], ...]:
    reads = [f"dynamodb:{name}" for name in ("DescribeStream", "GetRecords", "GetShardIterator")]
    return (
        statement(reads, attribute("Table.StreamArn")),
        statement("dynamodb:ListStreams", "*"),
        statement("sns:Publish", {"Ref": "Topic"}),
    )


def _writes() -> tuple[dict[str, Any], ...]:
    return (statement(["dynamodb:PutItem", "dynamodb:UpdateItem"], attribute("Seen.Arn")),)


def _function(
    name: str, code: str, *, role: str | None = None, **variables: object
) -> dict[str, Any]:
    given = {"SEEN": {"Ref": "Seen"}, "NAME": name, **variables}
    return function(code, role=role or f"{name}Role", **given)


def _mapping(**more: object) -> dict[str, Any]:
    properties = {
        "EventSourceArn": attribute("Table.StreamArn"),
        "FunctionName": {"Ref": "Consumer"},
        "StartingPosition": "TRIM_HORIZON",
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": {"Ref": "Topic"}}},
    }
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {**properties, **more}}


def _machine() -> dict[str, Any]:
    def ask(name: str, seconds: int, **more: object) -> dict[str, Any]:
        kept = {
            "key": f"{{% '{name}-' & $states.context.Execution.Name %}}",
            "kept": "{% $states.context.Task.Token %}",
        }
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {"FunctionName": attribute("Keeper.Arn"), "Payload": kept},
            "TimeoutSeconds": seconds,
            **more,
        }

    caught = {"ErrorEquals": ["States.Timeout"], "Next": "Again"}
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Once",
        "States": {
            "Once": ask("once", 2, Catch=[caught], End=True),
            "Again": ask("again", 60, End=True),
        },
    }
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": attribute("MachineRole.Arn"), "Definition": definition},
    }


def _rule(*targets: str) -> dict[str, Any]:
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [{"Ref": "Machine"}], "status": ["SUCCEEDED", "ABORTED"]},
    }
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": pattern,
            "Targets": [{"Id": name, "Arn": attribute(f"{name}.Arn")} for name in targets],
        },
    }


def _subscription(address: str) -> dict[str, Any]:
    return {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "email",
            "Endpoint": address,
            "FilterPolicy": {"approver": [address]},
        },
    }
