"""From the question to the decision: who is asked when, and what each answer leads to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_stacks.constructs.workflow.expressions import complete_input, release_variables
from tests.infrastructure.answers import (
    APPROVED,
    EVIDENCE,
    EXPIRED,
    REJECTED,
    RELEASE_INPUT,
    SUPERSEDED,
    VERSION,
    all_well,
    calls,
    fails,
    gives,
)
from tests.infrastructure.execution import EXECUTION, STARTED_AT, Walk, execute
from tests.infrastructure.intrinsics import Intrinsics
from tests.infrastructure.jsonata_engine import evaluate
from tests.infrastructure.synthesis import Synthesis

_NO_ANSWER = fails("States.Timeout")
_ENDS = {
    "rejected": (REJECTED, "Mail the rejection", "Rejected", "ReleaseRejected"),
    "superseded": (SUPERSEDED, "Mail that it was superseded", "Superseded", "ReleaseSuperseded"),
    "expired": (EXPIRED, "Mail that nobody answered", "Approval timed out", "ApprovalTimedOut"),
}
# Where a decision may arrive, and what has to happen before.
_ARRIVALS: dict[str, dict[str, Any]] = {
    "Ask for approval": {},
    "Remind the approvers": {"Ask for approval": _NO_ANSWER},
    "Close the approval": {"Ask for approval": _NO_ANSWER, "Remind the approvers": _NO_ANSWER},
}


def _walk(
    definition: dict[str, Any],
    *,
    release_input: object = RELEASE_INPUT,
    **more: Any,  # noqa: ANN401 - answers
) -> Walk:
    return execute(definition, release_input, answers={**all_well(), **more})


def _arrives(state: str, decision: object) -> dict[str, Any]:
    answer = calls(decision) if state == "Close the approval" else gives(decision)
    return {**_ARRIVALS[state], state: answer}


@pytest.mark.parametrize("state", _ARRIVALS)
def test_an_approval_is_one_whenever_it_arrives(definition: dict[str, Any], state: str) -> None:
    walk = _walk(definition, **_arrives(state, APPROVED))

    assert walk.succeeded
    assert walk.output["decision"] == APPROVED
    assert set(_ARRIVALS) & set(walk.visited) == {*_ARRIVALS[state], state}


@pytest.mark.parametrize("state", _ARRIVALS)
@pytest.mark.parametrize("how", _ENDS)
def test_each_other_decision_is_an_outcome_of_its_own(
    definition: dict[str, Any], state: str, how: str
) -> None:
    decision, mail, end, error = _ENDS[how]

    walk = _walk(definition, **_arrives(state, decision))

    assert walk.visited[-2:] == [mail, end]
    assert walk.error == error
    told = walk.arguments(mail)["Payload"]
    assert told["decision"] == decision
    assert told["version"] == VERSION
    assert told["evaluation"] == EVIDENCE["evaluation"]
    assert "Mail the failure" not in walk.visited
    assert "Create the endpoint configuration" not in walk.visited


@pytest.mark.parametrize(
    ("how", "cause"),
    [
        ("rejected", "Rejected by grace@example.com: Too many false alarms"),
        ("superseded", "A newer release, commit 2b3c4d5e, takes its place"),
    ],
)
def test_the_execution_says_why_it_ended(definition: dict[str, Any], how: str, cause: str) -> None:
    assert _walk(definition, **_arrives("Ask for approval", _ENDS[how][0])).cause == cause


@pytest.mark.parametrize("decision", ["cancelled", "", "Approved", "approved "])
def test_whatever_is_no_approval_releases_nothing(
    definition: dict[str, Any], decision: str
) -> None:
    walk = _walk(definition, **_arrives("Ask for approval", {**APPROVED, "decision": decision}))

    assert walk.error == "ApprovalTimedOut"


@pytest.mark.parametrize("how", _ENDS)
def test_a_mail_that_cannot_be_sent_changes_no_outcome(
    definition: dict[str, Any], how: str
) -> None:
    decision, mail, _, error = _ENDS[how]
    unsent = {mail: fails("Lambda.Unknown", "No mail")}

    assert _walk(definition, **_arrives("Ask for approval", decision), **unsent).error == error


@pytest.mark.parametrize(("decision", "live"), [(APPROVED, True), (EXPIRED, False)])
def test_a_reminder_that_cannot_be_sent_leaves_the_approvers_their_time(
    definition: dict[str, Any], decision: object, live: bool
) -> None:
    walk = _walk(
        definition,
        **{
            "Ask for approval": _NO_ANSWER,
            "Remind the approvers": fails("Lambda.Unknown", "No mail"),
            "Close the approval": calls(decision),
        },
    )

    assert "Wait without a reminder" in walk.visited
    assert "Mail the failure" not in walk.visited
    assert walk.succeeded is live


def test_an_approval_that_cannot_be_closed_is_a_failure(definition: dict[str, Any]) -> None:
    walk = _walk(
        definition,
        **_ARRIVALS["Close the approval"],
        **{"Close the approval": fails("TransientError", "No table")},
    )

    assert walk.visited[-2:] == ["Mail the failure", "Release failed"]
    assert walk.error == "TransientError"


def test_the_reminder_asks_the_same_question_with_a_token_of_its_own(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition, **_ARRIVALS["Close the approval"])
    first = walk.arguments("Ask for approval")["Payload"]
    second = walk.arguments("Remind the approvers")["Payload"]

    assert first == {
        "taskToken": "a-task-token of Ask for approval",
        "approvalId": first["approvalId"],
        "modelName": "iris",
        "commitId": RELEASE_INPUT["commitID"],
        "imageUri": RELEASE_INPUT["imageUri"],
        "executionArn": EXECUTION,
        "startedAt": STARTED_AT,
        "committer": "",
        "trigger": "",
        "pipelineExecutionId": "",
        "evidence": EVIDENCE,
        "modelPackageArn": VERSION["modelPackageArn"],
        "version": VERSION,
        "timeoutSeconds": 48 * 3600,
        "reminder": False,
    }
    again = {"taskToken": "a-task-token of Remind the approvers", "reminder": True}
    assert second == {**first, **again}
    closed = walk.arguments("Close the approval")["Payload"]
    assert closed == {"approvalId": first["approvalId"]}


def test_both_waits_together_last_as_long_as_the_settings_say(states: dict[str, Any]) -> None:
    first = states["Ask for approval"]["TimeoutSeconds"]
    second = states["Remind the approvers"]["TimeoutSeconds"]

    assert first == second == states["Wait without a reminder"]["Seconds"]
    assert first + second == 48 * 3600


def test_the_committer_is_handed_on(definition: dict[str, Any]) -> None:
    walk = _walk(definition, release_input={**RELEASE_INPUT, "committer": "ada@example.com"})

    assert walk.succeeded
    assert walk.arguments("Ask for approval")["Payload"]["committer"] == "ada@example.com"


def test_the_pipeline_s_execution_is_handed_on(definition: dict[str, Any]) -> None:
    walk = _walk(definition, release_input={**RELEASE_INPUT, "pipelineExecutionId": "8c1f5a0e"})

    assert walk.succeeded
    assert walk.arguments("Ask for approval")["Payload"]["pipelineExecutionId"] == "8c1f5a0e"


@pytest.mark.parametrize("committer", [{}, {"committer": ""}])
def test_where_committers_may_not_approve_a_release_names_its_committer(
    closed: Synthesis, committer: dict[str, str]
) -> None:
    machine = closed.only("AWS::StepFunctions::StateMachine")["DefinitionString"]
    intrinsics = Intrinsics(closed.templates["release"], others=(closed.templates["foundation"],))
    definition = json.loads(intrinsics.resolve(machine))

    unnamed = _walk(definition, release_input={**RELEASE_INPUT, **committer})
    named = _walk(definition, release_input={**RELEASE_INPUT, "committer": "ada@example.com"})
    by_data = _walk(definition, release_input={**RELEASE_INPUT, **committer, "trigger": "data"})

    assert by_data.succeeded, "nobody has committed it"
    assert unnamed.error == "InvalidReleaseInput"
    assert '"committer": "<e-mail of the author>"' in unnamed.cause
    assert named.succeeded


@settings(deadline=None, derandomize=True, max_examples=100)
@given(committer=st.text(max_size=300), required=st.booleans())
def test_a_committer_is_any_text_without_white_space(committer: str, required: bool) -> None:
    run = {"Id": EXECUTION, "StartTime": STARTED_AT}
    states = {"input": {**RELEASE_INPUT, "committer": committer}, "context": {"Execution": run}}
    variables = evaluate(release_variables("iris"), variables={}, states=states)

    assert variables["committer"] == committer
    complete = evaluate(
        complete_input(committer_required=required), variables=variables, states=states
    )
    if any(character in " \t\n\r\f\v" for character in committer) or len(committer) > 254:
        assert complete is False
    elif committer.isascii():
        assert complete is (bool(committer) or not required)
