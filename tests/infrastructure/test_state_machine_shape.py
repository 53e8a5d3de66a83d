"""The state machine as a graph: nothing dangling, nothing unreachable, nothing that waits forever.

https://states-language.net/spec.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infrastructure.execution import all_states
from tests.infrastructure.synthesis import ROOT, Synthesis, synthesized

# Where the optimised and the SDK integration put throttling, and where both put capacity:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
_OPTIMISED = {"SageMaker.AmazonSageMakerException"}
_SDK = {"SageMaker.SageMakerException"}
_CAPACITY = {"SageMaker.ResourceLimitExceededException"}
_SCALING = {
    # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
    "ApplicationAutoScaling.ApplicationAutoScalingException",
    "ApplicationAutoScaling.ConcurrentUpdateException",
    "ApplicationAutoScaling.InternalServiceException",
}
_CLOUDWATCH = {"CloudWatch.CloudWatchException"}
_LAMBDA = {
    # https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Sandbox.Timedout",
    "TransientError",  # the functions' own name for a passing fault of another service
}
# Their outcome is known already: they lead on to it, whether or not they succeed.
_LAST_ACTS = {
    "Mail the failure": "Release failed",
    "Reject the failed version": "Mail the failure",
    "Reject the version": "Mail that the gate stopped it",
    "Mail that the gate stopped it": "Not good enough",
    "Reject the undecided version": "What was decided?",
    "Stop the comparison": "Note that no comparison was possible",
    "Mail the rejection": "Rejected",
    "Mail that it was superseded": "Superseded",
    "Mail that nobody answered": "Approval timed out",
    "Mail the inference link": "Live",
    "Note that it serves": "Scale with the traffic",
    "Remove the failed endpoint": "Explain the failed endpoint",
    "Stop the training": "Mail the failure",
    "Stop the predictions": "Mail the failure",
}
# Nothing is compared then, and the release goes on.
_COMPARISON = {
    "Look at the live model",
    "Predict with the live model",
    "Plan the comparison",
    "Measure the comparison",
    "Merge the comparison",
}
# The release has failed already: these say what came of the way back.
_RECOVERY = {"Look before going back", "Check the last model"}
_WAY_BACK = {"Put the last model back", "Remove the failing endpoint"}


def _successors(state: dict[str, Any]) -> Iterator[str]:
    for step in (state, *state.get("Choices", []), *state.get("Catch", [])):
        if "Next" in step:
            yield step["Next"]
    if "Default" in state:
        yield state["Default"]
    if "ItemProcessor" in state:
        yield state["ItemProcessor"]["StartAt"]


def _transient(resource: str) -> set[str]:
    """The errors of a service integration that another try may overcome."""
    if ":lambda:" in resource:
        return _LAMBDA
    if ":applicationautoscaling:" in resource:
        return _SCALING
    if ":cloudwatch:" in resource:
        return _CLOUDWATCH
    throttling = _SDK if ":aws-sdk:" in resource else _OPTIMISED
    return throttling | _CAPACITY if ":create" in resource or ":update" in resource else throttling


def _tasks(states: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def _paths_end_at(states: dict[str, Any], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _successors(states[name])
    return seen


def test_every_next_state_exists(states: dict[str, Any]) -> None:
    missing = {after for state in states.values() for after in _successors(state)} - set(states)

    assert missing == set()


def test_every_state_can_be_reached(definition: dict[str, Any]) -> None:
    states = all_states(definition)

    assert _paths_end_at(states, definition["StartAt"]) == set(states)


def test_every_state_can_reach_an_end(states: dict[str, Any]) -> None:
    ends = {name for name, state in states.items() if state["Type"] in ("Fail", "Succeed")}
    in_maps = {name for name, state in states.items() if state.get("End")}
    lost = [name for name in states if not _paths_end_at(states, name) & (ends | in_maps)]

    assert in_maps == {"Measure a part", "Measure a part of the comparison"}
    assert ends == {
        "Live",
        "Not good enough",
        "Rejected",
        "Superseded",
        "Approval timed out",
        "Release failed",
    }
    assert lost == []


def test_choices_leave_no_case_open(states: dict[str, Any]) -> None:
    choices = {name: state for name, state in states.items() if state["Type"] == "Choice"}

    assert choices
    assert [name for name, state in choices.items() if "Default" not in state] == []


def test_everything_is_written_in_jsonata(definition: dict[str, Any]) -> None:
    assert definition["QueryLanguage"] == "JSONata"
    for state in all_states(definition).values():
        assert state.get("QueryLanguage", "JSONata") == "JSONata"
        assert not {"Parameters", "ResultPath", "InputPath", "OutputPath"} & set(state)


def test_every_task_tries_again_what_is_transient(states: dict[str, Any]) -> None:
    lacking = {}
    for name, state in _tasks(states).items():
        retried = {error for rule in state.get("Retry", []) for error in rule["ErrorEquals"]}
        needed = _transient(state["Resource"])
        if needed - retried:
            lacking[name] = needed - retried

    assert lacking == {}


def test_retries_back_off_and_end(states: dict[str, Any]) -> None:
    for name, state in _tasks(states).items():
        for rule in state["Retry"]:
            assert rule["BackoffRate"] > 1, name
            assert 1 <= rule["MaxAttempts"] <= 6, name


def test_every_task_catches_everything_on_the_way_to_a_mail(states: dict[str, Any]) -> None:
    inner = {name for name, state in states.items() if state.get("End")}
    for name, state in states.items():
        if state["Type"] not in ("Task", "Map") or name in inner:
            continue  # What fails inside of a Map is caught outside of it.
        last = state["Catch"][-1]
        assert last["ErrorEquals"] == ["States.ALL"], name
        if name in _LAST_ACTS:
            assert last["Next"] == state["Next"] == _LAST_ACTS[name]
        elif name == "Remind the approvers":
            assert last["Next"] == "Wait without a reminder"  # People may decide without one.
        elif name in _COMPARISON:
            assert last["Next"] == "Note that no comparison was possible"
        elif name in _RECOVERY:
            assert "$failure.cause" in last["Assign"]["failure"]
            assert last["Next"] == "Is a new version at fault?"
        elif name in _WAY_BACK:
            assert "$states.errorOutput.Cause" in last["Assign"]["problem"]
            assert last["Next"] == "Was the endpoint changing?"
        else:
            assert last["Assign"]["failure"]["state"] == name
            assert "Mail the failure" in _paths_end_at(states, last["Next"]), name


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        # The time limits of the settings, and half an hour to wait for a machine.
        ("Train the model", 60 * 60 + 30 * 60),
        ("Predict the held-out data", 12 * 3600),
        ("Predict with the live model", 12 * 3600),
        ("Ask for approval", 24 * 3600),
        ("Remind the approvers", 24 * 3600),
    ],
)
def test_what_waits_has_a_time_limit(states: dict[str, Any], state: str, seconds: int) -> None:
    assert states[state]["TimeoutSeconds"] == seconds


def test_nothing_else_waits_for_a_job_or_a_person(states: dict[str, Any]) -> None:
    waiting = {
        name
        for name, state in _tasks(states).items()
        if state["Resource"].endswith((".sync", ".sync:2", ".waitForTaskToken"))
    }

    assert waiting == {
        "Train the model",
        "Predict the held-out data",
        "Predict with the live model",
        "Ask for approval",
        "Remind the approvers",
    }
    assert all("TimeoutSeconds" in states[name] for name in waiting)


def test_states_are_named_in_plain_words(states: dict[str, Any]) -> None:
    # Step Functions takes 80 characters: it shows them in its graph.
    assert [name for name in states if len(name) > 80 or not name[0].isupper()] == []
    assert [name for name in states if "_" in name] == []


@pytest.mark.parametrize("variant", ["disposable", "closed"])
def test_the_workflow_is_the_same_whoever_may_call_the_model(
    variant: str, shipped: Synthesis
) -> None:
    kind = "AWS::StepFunctions::StateMachine"

    assert set(synthesized(variant).resources(kind)) == set(shipped.resources(kind))


def test_the_workflow_needs_nothing_of_the_local_cloud() -> None:
    for source in (*ROOT.glob("mlops_stacks/**/*.py"), *ROOT.glob("lambdas/**/*.py")):
        text = source.read_text(encoding="utf-8")
        assert "ministack" not in text.lower(), source
        assert "from local" not in text, source
        assert "import local" not in text, source
