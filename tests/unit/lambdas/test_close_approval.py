"""Closing an approval: when its time is over, or the run that asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from close_approval.handler import UnknownApproval, handle
from moto import mock_aws
from shared.approvals import Approval
from shared.approvals_table import ApprovalsTable
from shared.environment import InvalidEnvironmentError
from shared.fields import InvalidEventError
from shared.superseding import ask

from tests.unit.lambdas import approval_table, events
from tests.unit.lambdas.approval_fakes import ADA, APPROVAL, ASKED_AT, NOW, VOTED_AT, vote

_EVENT = events.load("close_approval")
_STARTED = datetime.fromisoformat(APPROVAL.started_at)
_BEFORE, _AFTER = ((_STARTED + timedelta(seconds=seconds)).isoformat() for seconds in (-1, 1))


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApprovalsTable]:
    monkeypatch.setenv("APPROVALS_TABLE", approval_table.NAME)
    with mock_aws():
        yield approval_table.create()


def _found(table: ApprovalsTable) -> Approval:
    approval = table.get(APPROVAL.approval_id)
    assert approval is not None
    return approval


def test_an_approval_that_nobody_gave_expires(table: ApprovalsTable) -> None:
    table.record(APPROVAL)

    decision = handle(_EVENT, None)

    approval = _found(table)
    assert approval.status == "EXPIRED"
    assert approval.workflow_told_at
    assert decision == {
        "decision": "expired",
        "decidedBy": "",
        "reason": "",
        "decidedAt": approval.settled_at,
        "votes": [],
    }


def test_a_decision_of_the_last_moment_counts(table: ApprovalsTable) -> None:
    # Given a vote between the end of the waiting state and this step, which nobody could be told
    table.record(APPROVAL)
    decided = table.vote(APPROVAL.approval_id, vote=vote(ADA, reason="Fine"), now=NOW)

    decision = handle(_EVENT, None)

    assert decision == decided.decision()
    assert (decision["decision"], decision["decidedBy"]) == ("approved", ADA)
    assert _found(table).workflow_told_at


def test_a_supersession_of_the_last_moment_counts_too(table: ApprovalsTable) -> None:
    table.record(APPROVAL)
    table.settle(
        APPROVAL.approval_id,
        status="SUPERSEDED",
        settled_at=VOTED_AT,
        superseded_by="commit 5e6f7a8b",
    )

    assert handle(_EVENT, None)["decision"] == "superseded"


def test_a_retry_of_the_step_gets_the_same_answer(table: ApprovalsTable) -> None:
    table.record(APPROVAL)

    assert handle(_EVENT, None) == handle(_EVENT, None)


@pytest.mark.usefixtures("table")
def test_an_approval_that_was_never_asked_is_a_clear_failure() -> None:
    with pytest.raises(UnknownApproval, match="AskApproval"):
        handle(_EVENT, None)


@pytest.mark.parametrize("name", ["aborted", "failed", "timed_out"])
def test_the_approval_of_a_run_that_is_over_is_cancelled(table: ApprovalsTable, name: str) -> None:
    table.record(APPROVAL)

    assert handle(events.load(f"event_execution_{name}"), None) == {}

    assert _found(table).status == "CANCELLED"


def test_a_late_word_of_an_end_does_not_cancel_what_was_asked_after_it(
    table: ApprovalsTable,
) -> None:
    # Given a run that was stopped, started again, and has asked again
    event = events.load("event_execution_aborted")
    event["detail"]["stopDate"] = (ASKED_AT - 1) * 1000
    table.record(APPROVAL)

    handle(event, None)

    assert _found(table).status == "PENDING"


def test_a_decision_stays_when_its_run_is_over(table: ApprovalsTable) -> None:
    table.record(APPROVAL)
    decided = table.vote(APPROVAL.approval_id, vote=vote(ADA), now=NOW)

    handle(events.load("event_execution_aborted"), None)

    assert _found(table) == decided


def test_a_run_that_never_asked_leaves_nothing_behind(table: ApprovalsTable) -> None:
    assert handle(events.load("event_execution_aborted"), None) == {}

    assert table.get(APPROVAL.approval_id) is None


def test_a_run_that_has_begun_is_not_over(table: ApprovalsTable) -> None:
    table.record(APPROVAL)
    event = events.load("event_execution_aborted")
    event["detail"]["status"] = "RUNNING"

    handle(event, None)

    assert _found(table) == APPROVAL


def _checked_at(time: str) -> dict[str, Any]:
    return {**events.load("event_stage_succeeded"), "time": time}


def test_what_waits_makes_way_for_a_newer_commit_in_the_pipeline(table: ApprovalsTable) -> None:
    ask(table, APPROVAL)

    assert handle(_checked_at(_AFTER), None) == {}

    approval = _found(table)
    assert approval.status == "SUPERSEDED"
    assert approval.decision()["reason"] == (
        "A newer release, pipeline execution 8c1f5a0e-3b2d-4c6e-9f7a-1d2e3f4a5b6c, takes its place"
    )


def test_a_release_does_not_make_way_for_its_own_commit(table: ApprovalsTable) -> None:
    # Given an event of before the run began that comes late, or twice
    ask(table, APPROVAL)

    handle(_checked_at(_BEFORE), None)

    assert _found(table).status == "PENDING"


def test_a_decision_stays_when_a_newer_commit_comes(table: ApprovalsTable) -> None:
    ask(table, APPROVAL)
    decided = table.vote(APPROVAL.approval_id, vote=vote(ADA), now=NOW)

    handle(_checked_at(_AFTER), None)

    assert _found(table) == decided


def test_a_release_that_asks_after_a_newer_commit_came_gives_way_at_once(
    table: ApprovalsTable,
) -> None:
    # Given a commit that passed its checks while this release was still training
    handle(_checked_at(_AFTER), None)

    assert ask(table, APPROVAL).status == "SUPERSEDED"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"approvalId": ""},
        {"source": "aws.states"},
        {"source": "aws.states", "detail": {}},
        {"source": "aws.codepipeline", "detail": {}},
        {"source": "aws.codepipeline", "detail": {"execution-id": "8c1f5a0e"}},
    ],
)
@pytest.mark.usefixtures("table")
def test_an_event_with_a_gap_is_named(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError, match=r"approvalId|detail|execution|time"):
        handle(event, None)


def test_missing_variable_names_itself() -> None:
    with pytest.raises(InvalidEnvironmentError, match="APPROVALS_TABLE"):
        handle(_EVENT, None)
