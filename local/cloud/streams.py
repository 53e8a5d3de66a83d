"""DynamoDB streams to functions: what MiniStack's event source mappings do otherwise than AWS.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
"""

from __future__ import annotations

import contextvars
from collections.abc import Mapping
from typing import Any

from ministack.services import dynamodb, lambda_svc  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud.identities import Identities

_READ = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
_FAILED = {"errorType": "BatchItemFailures", "errorMessage": "the function asks for a retry"}


def install() -> None:
    """Correct the mappings; call it once, before the first one is made."""
    _retry_as_aws_does()
    _refuse_roles_that_may_not_read()


def _retry_as_aws_does() -> None:
    """Honour partial batch responses and MaximumRetryAttempts, which MiniStack only stores.

    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    original_poll, original_execute = (
        lambda_svc._poll_dynamodb_streams,
        lambda_svc._execute_function,
    )
    polling: contextvars.ContextVar[bool] = contextvars.ContextVar("polling", default=False)
    attempts: dict[tuple[str, str], int] = {}  # of the poller's one thread only

    def poll() -> Any:
        reset = polling.set(True)
        try:
            return original_poll()
        finally:
            polling.reset(reset)

    def execute(function: Any, event: Any) -> Any:
        result = original_execute(function, event)
        if not polling.get():
            return result
        mapping = _mapping_of(function, event)
        records = event["Records"]
        first = _number(records[0])
        failed = first if result.get("error") else _first_failed(mapping, records, result["body"])
        tried = attempts.pop((mapping["UUID"], first), 0) + 1
        if failed is None:
            return result
        if not result.get("error"):
            result = {"error": True, "body": _FAILED, "log": result.get("log", "")}
        if failed != first:  # What came before it is done.
            _resume_at(mapping, failed)
            return result
        allowed = int(mapping.get("MaximumRetryAttempts", -1))
        if allowed < 0 or tried <= allowed:
            attempts[mapping["UUID"], first] = tried
            return result
        lambda_svc._send_ddb_stream_failure_record(
            mapping, function, records, mapping["EventSourceArn"], result, "RetryAttemptsExhausted"
        )
        return {"body": None, "log": result.get("log", "")}  # Given up: on with what follows.

    lambda_svc._poll_dynamodb_streams = poll
    lambda_svc._execute_function = execute


def _mapping_of(function: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """The mapping that the poller works for: AWS allows one for a stream and a function."""
    name = function["config"]["FunctionName"]
    source = event["Records"][0]["eventSourceARN"]
    return next(
        mapping
        for _, _, mapping in lambda_svc._iter_all_esms()
        if (mapping["FunctionName"], mapping["EventSourceArn"]) == (name, source)
    )


def _number(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _first_failed(mapping: Any, records: list[Any], answer: Any) -> str | None:
    """The sequence number from which the function wants the batch again, if it does.

    An answer that names no record of the batch counts as a failure of the whole batch.
    """
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return None
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return None
    numbers = [_number(record) for record in records]
    named = {str(failure.get("itemIdentifier")) for failure in failures}
    return min(named, key=numbers.index) if named <= set(numbers) else numbers[0]


def _resume_at(mapping: Any, number: str) -> None:
    """Move a mapping on to a record of its stream."""
    table = mapping["EventSourceArn"].split("/")[1]
    numbers = [_number(record) for record in dynamodb.stream_live_records(table)]
    position = dynamodb.stream_start_position(table) + numbers.index(number)
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position


def _refuse_roles_that_may_not_read() -> None:
    """AWS makes no mapping for a function whose role may not read the stream."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    original = handlers["create"]

    def create(logical_id: str, properties: Any, stack_name: str) -> Any:
        stream = str(properties.get("EventSourceArn", ""))
        if ":dynamodb:" in stream:
            _check_role(Identities.here(), properties, stream)
        return original(logical_id, properties, stack_name)

    handlers["create"] = create


def _check_role(identities: Identities, properties: Mapping[str, Any], stream: str) -> None:
    name = str(properties["FunctionName"]).split(":function:")[-1].split(":")[0]
    role = lambda_svc._functions[name]["config"]["Role"]
    if not all(identities.role_may(role, f"dynamodb:{action}", stream) for action in _READ):
        raise ValueError(
            f"Cannot access stream {stream}. Please ensure the role can perform the GetRecords, "
            "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
        )
    target = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    if ":sns:" in target and not identities.role_may(role, "sns:Publish", target):
        raise ValueError(
            "The function execution role does not have permissions to call Publish on SNS"
        )
