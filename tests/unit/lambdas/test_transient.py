"""Errors that pass carry one name, which the workflow retries; all others keep their own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ask_approval import handler as ask_approval
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from close_approval import handler as close_approval
from evaluation.plan import plan_parts
from gather_evidence import handler as gather_evidence
from inspect_data import handler as inspect_data
from mail_outcome import handler as mail_outcome
from measure_part import handler as measure_part
from merge_parts import handler as merge_parts
from plan_evaluation import handler as plan_evaluation
from shared import aws
from shared.transient import TransientError, is_transient, transient_errors_named
from smoke_test import handler as smoke_test

from tests.unit.lambdas import events

_TOPIC = "arn:aws:sns:eu-west-1:123456789012:notifications"


def _client_error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "Publish",
    )


@pytest.mark.parametrize(
    "error",
    [
        _client_error("ThrottlingException"),
        _client_error("Throttling"),
        _client_error("KMSThrottling"),
        _client_error("ProvisionedThroughputExceededException"),
        _client_error("SlowDown", 503),
        _client_error("RequestTimeout"),
        _client_error("Anything", 500),
        _client_error("Anything", 503),
        _client_error("Anything", 429),
        _client_error("InternalDependencyException", 530),
        ReadTimeoutError(endpoint_url="https://sns.example"),
        ConnectTimeoutError(endpoint_url="https://sns.example"),
        EndpointConnectionError(endpoint_url="https://sns.example"),
        ConnectionClosedError(endpoint_url="https://sns.example"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ],
)
def test_what_passes_is_named_and_keeps_its_cause(error: ClientError | BotoCoreError) -> None:
    with pytest.raises(TransientError) as raised, transient_errors_named():
        raise error

    assert raised.value.__cause__ is error
    assert str(error) in str(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        _client_error("AccessDeniedException", 403),
        _client_error("ValidationException"),
        _client_error("NoSuchBucket", 404),
        _client_error("ModelError", 424),
        ClientError({}, "Publish"),
        NoCredentialsError(),
        ValueError("no AWS error"),
    ],
)
def test_what_lasts_stays_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, transient_errors_named():
        raise error

    assert raised.value is error


def test_an_error_with_gaps_is_not_transient() -> None:
    assert not is_transient(ClientError({}, "Publish"))


_Step = Callable[[pytest.MonkeyPatch], dict[str, Any]]


def _ask(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    events.configure_ask_approval(monkeypatch, topic_arn=_TOPIC)
    return ask_approval.handle(events.load("ask_approval"), None)


def _close(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("APPROVALS_TABLE", "approvals")
    return close_approval.handle(events.load("close_approval"), None)


def _mail(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    events.configure_mail_outcome(monkeypatch, topic_arn=_TOPIC)
    return mail_outcome.handle(events.load("mail_outcome_failed"), None)


def _plan(_monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return plan_evaluation.handle(events.load("plan_evaluation"), None)


def _measure(_monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return measure_part.handle(events.load("measure_part"), None)


def _merge(_monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return merge_parts.handle(events.load("merge_parts"), None)


def _inspect(_monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    return inspect_data.handle(events.load("inspect_data"), None)


def _gather(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("GATE", '{"thresholds": {}, "allowedRegression": {}}')
    return gather_evidence.handle(events.load("gather_evidence"), None)


def _try(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("ENDPOINT_NAME", "iris")
    monkeypatch.setattr(smoke_test, "_PAUSES_SECONDS", ())
    return smoke_test.handle(events.load("smoke_test"), None)


_STEPS = [
    pytest.param(_ask, aws.sns, "list_subscriptions_by_topic", id="ask_approval"),
    pytest.param(_close, aws.dynamodb, "update_item", id="close_approval"),
    pytest.param(_mail, aws.sns, "publish", id="mail_outcome"),
    pytest.param(_plan, aws.s3, "list_objects_v2", id="plan_evaluation"),
    pytest.param(_measure, aws.s3, "get_object", id="measure_part"),
    pytest.param(_merge, aws.s3, "get_object", id="merge_parts"),
    pytest.param(_inspect, aws.s3, "list_object_versions", id="inspect_data"),
    pytest.param(_gather, aws.sagemaker, "describe_training_job", id="gather_evidence"),
    pytest.param(_try, aws.sagemaker_runtime, "invoke_endpoint", id="smoke_test"),
]


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, TransientError),
        ("InternalServerError", 500, TransientError),
        ("AccessDeniedException", 403, ClientError),
    ],
)
@pytest.mark.parametrize(("step", "client", "operation"), _STEPS)
def test_each_step_of_the_workflow_names_what_passes(
    step: _Step,
    client: Callable[[], Any],
    operation: str,
    code: str,
    status: int,
    expected: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Stubber(client()) as stub:
        stub.add_client_error(operation, service_error_code=code, http_status_code=status)

        with pytest.raises(expected, match=code):
            step(monkeypatch)


def test_a_mail_that_cannot_be_sent_after_the_question_was_recorded_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given a question that can be recorded, signed for, and not mailed
    arn = "arn:aws:sns:eu-west-1:123456789012:notifications:1"
    ada = {"Endpoint": "ada@example.com", "SubscriptionArn": arn, "Protocol": "email"}
    monkeypatch.setattr(ask_approval, "ask", lambda _table, approval: approval)
    with Stubber(aws.kms()) as kms, Stubber(aws.sns()) as sns:
        sns.add_response("list_subscriptions_by_topic", {"Subscriptions": [ada]})
        kms.add_response("generate_mac", {"Mac": bytes(32)})
        sns.add_client_error("publish", service_error_code="Throttled", http_status_code=400)

        with pytest.raises(TransientError):
            _ask(monkeypatch)


def test_a_prediction_object_that_breaks_off_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class BrokenBody:
        def iter_chunks(self, _size: int) -> Iterator[bytes]:
            yield b"a,1,a\n"
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

        def close(self) -> None:
            pass

    # Given a plan that can be read, and a prediction object that cannot
    event = events.load("measure_part")
    plan = plan_parts([(f"{event['predictionsPrefix']}test.csv.out", 60)])

    def get_object(**request: str) -> dict[str, Any]:
        is_plan = request["Key"] == event["planKey"]
        return {"Body": io.BytesIO(plan.encode()) if is_plan else BrokenBody()}

    monkeypatch.setattr(aws.s3(), "get_object", get_object)

    with pytest.raises(TransientError):
        _measure(monkeypatch)
