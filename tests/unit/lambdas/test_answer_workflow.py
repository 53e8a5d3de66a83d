"""The edges of the approval page: Step Functions' answers, and the function as deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from answer_approval.handler import handle
from answer_approval.workflow import (
    NoLongerWaitingError,
    StepFunctionsWorkflow,
    UnreachableError,
)
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from shared import aws
from shared.environment import InvalidEnvironmentError

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import APPROVAL, APPROVED, Api


@pytest.fixture
def stepfunctions() -> Iterator[Stubber]:
    with Stubber(aws.stepfunctions()) as stub:
        yield stub


def _tell() -> None:
    StepFunctionsWorkflow(client=aws.stepfunctions()).tell(APPROVED, task_token=APPROVAL.task_token)


def test_tells_the_decision_as_output(stepfunctions: Stubber) -> None:
    output = {
        "decision": "approved",
        "decidedBy": "Grace Hopper",
        "reason": "Fine",
        "decidedAt": "2026-11-22T14:30:30Z",
    }
    stepfunctions.add_response(
        "send_task_success",
        {},
        {"taskToken": APPROVAL.task_token, "output": json.dumps(output)},
    )

    _tell()

    stepfunctions.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_run_that_no_longer_waits(stepfunctions: Stubber, code: str) -> None:
    stepfunctions.add_client_error("send_task_success", code)

    with pytest.raises(NoLongerWaitingError, match=code):
        _tell()


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_anything_else_may_work_later(stepfunctions: Stubber, code: str) -> None:
    stepfunctions.add_client_error("send_task_success", code)

    with pytest.raises(UnreachableError, match=code):
        _tell()


def test_table_that_cannot_be_reached_is_a_page_and_no_crash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(approval_id: str) -> None:
        raise EndpointConnectionError(endpoint_url=f"https://dynamodb.example/{approval_id}")

    api = Api()
    monkeypatch.setattr(api.approvals, "get", fail)

    response = api.get()

    assert response.status == 503
    assert response.headers["retry-after"] == "5"
    assert "Open the link again" in response.body
    assert APPROVAL.approval_id not in capsys.readouterr().out


def test_note_that_cannot_be_written_does_not_hide_the_decision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(approval_id: str, *, told_at: str) -> None:
        raise EndpointConnectionError(endpoint_url=f"{approval_id}{told_at}")

    api = Api()
    monkeypatch.setattr(api.approvals, "mark_told", fail)

    assert api.post().status == 200
    assert len(api.workflow.told) == 1


def test_deployed_function_reads_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPROVALS_TABLE", "approvals")
    with Stubber(aws.dynamodb()) as dynamodb:
        dynamodb.add_response(
            "get_item",
            {},
            {
                "TableName": "approvals",
                "Key": {"approvalId": {"S": APPROVAL.approval_id}},
                "ConsistentRead": True,
            },
        )

        response = handle(events.load("http_approval_get"), None)

    assert response["statusCode"] == 404
    assert response["headers"]["content-type"] == "text/html; charset=utf-8"


def test_missing_variable_names_itself() -> None:
    with pytest.raises(InvalidEnvironmentError, match="APPROVALS_TABLE"):
        handle(events.load("http_approval_get"), None)
