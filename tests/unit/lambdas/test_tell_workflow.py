"""Telling the workflow: until it knows, once, and the token that waits now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from shared import aws
from shared.approvals import Approval
from shared.approvals_table import ApprovalsTable
from shared.environment import InvalidEnvironmentError
from shared.transient import TransientError
from tell_workflow.handler import changed_approvals, handle

from tests.unit.lambdas import approval_table, events
from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, NOW, VOTED_AT, vote

_EVENT = events.load("stream_approvals")
_ID = APPROVAL.approval_id
_TOLD: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApprovalsTable]:
    monkeypatch.setenv("APPROVALS_TABLE", approval_table.NAME)
    with mock_aws():
        yield approval_table.create()


@pytest.fixture
def workflow() -> Iterator[Stubber]:
    """Step Functions, which takes the calls that a test names, and no other."""
    with Stubber(aws.stepfunctions()) as stub:
        yield stub
    stub.assert_no_pending_responses()


def _decided(table: ApprovalsTable) -> Approval:
    table.record(APPROVAL)
    return table.vote(_ID, vote=vote(ADA, reason="Fine"), now=NOW)


def _expect(workflow: Stubber, approval: Approval) -> None:
    workflow.add_response(
        "send_task_success",
        {},
        {"taskToken": approval.task_token, "output": json.dumps(approval.decision())},
    )


def test_a_decision_is_told_as_output_and_noted(
    table: ApprovalsTable, workflow: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    decided = _decided(table)
    _expect(workflow, decided)

    assert handle(_EVENT, None) == _TOLD

    noted = table.get(_ID)
    assert noted is not None
    assert noted.workflow_told_at
    log = capsys.readouterr().out
    assert json.loads(log)["executionArn"] == APPROVAL.execution_arn
    assert APPROVAL.task_token not in log
    assert _ID not in log


@pytest.mark.usefixtures("workflow")
@pytest.mark.parametrize("status", ["PENDING", "EXPIRED", "CANCELLED", "gone"])
def test_what_is_no_decision_is_not_told(table: ApprovalsTable, status: Any) -> None:  # noqa: ANN401 - a status
    if status != "gone":
        table.record(APPROVAL)
    if status in ("EXPIRED", "CANCELLED"):
        table.settle(_ID, status=status, settled_at=VOTED_AT)

    assert handle(_EVENT, None) == _TOLD


def test_a_superseded_run_is_told(table: ApprovalsTable, workflow: Stubber) -> None:
    table.record(APPROVAL)
    table.settle(_ID, status="SUPERSEDED", settled_at=VOTED_AT, superseded_by="commit 5e6f7a8b")
    superseded = table.get(_ID)
    assert superseded is not None
    _expect(workflow, superseded)

    assert handle(_EVENT, None) == _TOLD


def test_nothing_is_told_twice(table: ApprovalsTable, workflow: Stubber) -> None:
    _expect(workflow, _decided(table))

    for _ in range(3):  # The note about the first call comes down the stream as well.
        handle(_EVENT, None)


def test_a_crash_after_the_workflow_was_told_ends_well(
    table: ApprovalsTable,
    workflow: Stubber,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given a call that tells the workflow and cannot note it
    _expect(workflow, _decided(table))

    def crash(*_args: object, **_fields: object) -> None:
        raise TransientError("the table was away")

    with monkeypatch.context() as patched:
        patched.setattr(ApprovalsTable, "mark_told", crash)
        with pytest.raises(TransientError):
            handle(_EVENT, None)

    # When the stream calls again, and the workflow waits no more
    workflow.add_client_error("send_task_success", "TaskTimedOut")

    # Then that is the end of it
    assert handle(_EVENT, None) == _TOLD
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["level"] == "WARNING"


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_run_that_no_longer_waits_is_let_go(
    table: ApprovalsTable, workflow: Stubber, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    decided = _decided(table)
    workflow.add_client_error("send_task_success", code)

    assert handle(_EVENT, None) == _TOLD

    assert table.get(_ID) == decided
    log = json.loads(capsys.readouterr().out)
    assert (log["level"], log["error"]) == ("WARNING", code)


def _meanwhile(
    table: ApprovalsTable, monkeypatch: pytest.MonkeyPatch, *, becomes: Approval
) -> None:
    """Let the approval change between the first and the second look at it."""
    found = [_decided(table), becomes]
    monkeypatch.setattr(ApprovalsTable, "get", lambda _table, _id: found.pop(0))


def test_a_run_that_was_told_meanwhile_is_no_concern(
    table: ApprovalsTable,
    workflow: Stubber,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _meanwhile(table, monkeypatch, becomes=replace(APPROVAL, workflow_told_at=VOTED_AT))
    workflow.add_client_error("send_task_success", "TaskTimedOut")

    assert handle(_EVENT, None) == _TOLD
    assert "WARNING" not in capsys.readouterr().out


def test_a_run_that_waits_in_another_state_by_now_is_told_again(
    table: ApprovalsTable, workflow: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        _meanwhile(table, patched, becomes=replace(APPROVAL, task_token=f"{_ID}-2"))
        workflow.add_client_error("send_task_success", "TaskTimedOut")
        with pytest.raises(TransientError, match="another state"):
            handle(_EVENT, None)

    # And the stream's next call finds the new token
    renewed = table.record(replace(APPROVAL, task_token=f"{_ID}-2"))
    _expect(workflow, renewed)
    assert handle(_EVENT, None) == _TOLD


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDeniedException", 400, ClientError),
        ("InvalidOutput", 400, ClientError),
        ("ThrottlingException", 400, TransientError),
        ("InternalServerError", 500, TransientError),
    ],
)
def test_any_other_error_is_for_the_stream_to_try_again(
    table: ApprovalsTable, workflow: Stubber, code: str, status: int, expected: type[Exception]
) -> None:
    decided = _decided(table)
    workflow.add_client_error("send_task_success", code, http_status_code=status)

    with pytest.raises(expected, match=code):
        handle(_EVENT, None)

    assert table.get(_ID) == decided


def test_one_that_fails_does_not_keep_the_next_from_being_told(
    table: ApprovalsTable, workflow: Stubber
) -> None:
    _decided(table)
    other = replace(APPROVAL, approval_id="0" * 32, task_token=f"{_ID}-other")
    table.record(other)
    second = table.vote(other.approval_id, vote=vote(ADA), now=NOW)
    workflow.add_client_error("send_task_success", "AccessDeniedException")
    _expect(workflow, second)

    with pytest.raises(ClientError, match="AccessDenied"):
        handle({"Records": [*_EVENT["Records"], _record(other.approval_id)]}, None)

    told = table.get(other.approval_id)
    assert told is not None
    assert told.workflow_told_at


def _record(approval_id: str) -> dict[str, Any]:
    [record, *_] = events.load("stream_approvals")["Records"]
    record["dynamodb"]["Keys"]["approvalId"]["S"] = approval_id
    return dict(record)


def test_each_approval_of_a_batch_is_looked_at_once() -> None:
    records = [_record("b"), _record("a"), _record("b"), _record("waiting")]

    assert changed_approvals({"Records": records}) == ["b", "a"]


def test_missing_variable_names_itself() -> None:
    with pytest.raises(InvalidEnvironmentError, match="APPROVALS_TABLE"):
        handle(_EVENT, None)
