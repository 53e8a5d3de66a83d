"""Where each kind of answer leads: the whole state machine walked through, AWS scripted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.answers import (
    RELEASE_INPUT,
    VERSION,
    all_well,
    endpoint,
    fails,
    gives,
)
from tests.infrastructure.execution import Answer, Walk, execute


def _walk(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = all_well()
    for state, answer in changes.items():
        answers[state.replace("_", " ")] = answer
    return execute(definition, RELEASE_INPUT, answers=answers)


def test_a_first_release_creates_the_endpoint_and_says_what_is_live(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition)

    assert walk.succeeded
    assert "Create the endpoint" in walk.visited
    assert "Update the endpoint" not in walk.visited
    assert walk.output["endpointName"] == "iris"
    assert walk.output["commitId"] == RELEASE_INPUT["commitID"]
    assert walk.output["decision"]["decidedBy"] == "ada@example.com"
    assert walk.output["modelPackageArn"] == VERSION["modelPackageArn"]
    assert walk.output["version"] == VERSION["number"]
    assert walk.visited[-6:] == [
        "Try the endpoint",
        "Note that it serves",
        "Scale with the traffic",
        "Set the pace of scaling",
        "Mail the inference link",
        "Live",
    ]


def test_a_later_release_updates_the_endpoint(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Look_up_the_endpoint=endpoint("InService"))

    assert walk.succeeded
    assert "Update the endpoint" in walk.visited
    assert "Create the endpoint" not in walk.visited


def test_a_busy_endpoint_is_waited_for(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Look_up_the_endpoint=[endpoint("Updating"), endpoint("InService")])

    assert walk.succeeded
    assert walk.visited.count("Wait until the endpoint is free") == 1


def test_a_failed_endpoint_is_replaced(definition: dict[str, Any]) -> None:
    gone = fails("SageMaker.SageMakerException", 'Could not find endpoint "iris".')

    walk = _walk(definition, Look_up_the_endpoint=[endpoint("Failed"), gone])

    assert walk.succeeded
    assert walk.visited.index("Delete the failed endpoint") < walk.visited.index(
        "Create the endpoint"
    )


def test_a_look_up_that_fails_for_another_reason_is_no_first_release(
    definition: dict[str, Any],
) -> None:
    walk = _walk(
        definition, Look_up_the_endpoint=fails("SageMaker.SageMakerException", "Access denied")
    )

    assert (walk.error, walk.cause) == ("SageMaker.SageMakerException", "Access denied")
    assert "Create the endpoint" not in walk.visited


@pytest.mark.parametrize("status", ["Creating", "Updating"])
def test_the_workflow_waits_until_the_new_configuration_serves(
    definition: dict[str, Any], status: str
) -> None:
    answers = all_well()
    live = answers["Check the endpoint"]
    answers["Check the endpoint"] = [endpoint(status), endpoint(status), live]

    walk = execute(definition, RELEASE_INPUT, answers=answers)

    assert walk.succeeded
    assert walk.visited.count("Wait for the endpoint") == 3


def test_an_endpoint_that_a_newer_release_has_changed_is_no_rollback(
    definition: dict[str, Any],
) -> None:
    walk = _walk(
        definition,
        Look_up_the_endpoint=endpoint("InService", "old"),
        Check_the_endpoint=[endpoint("Updating", "old"), endpoint("InService", "newer")],
    )

    assert walk.error == "ReleaseSuperseded"
    assert "newer" in walk.cause
    assert "Mail the failure" in walk.visited


@pytest.mark.parametrize(
    ("state", "cause", "first_look"),
    [
        ("Update_the_endpoint", 'Cannot update in-progress endpoint "x".', endpoint("InService")),
        (
            "Create_the_endpoint",
            'Cannot create already existing endpoint "x".',
            fails("SageMaker.SageMakerException", "Could not find endpoint"),
        ),
    ],
)
def test_a_release_that_another_one_overtakes_waits_and_goes_on(
    definition: dict[str, Any],
    state: str,
    cause: str,
    first_look: Answer,
) -> None:
    busy = fails("SageMaker.AmazonSageMakerException", cause)
    done = gives({"EndpointArn": "arn:aws:sagemaker:eu-west-1:123:x"})
    changes: dict[str, Any] = {
        "Update_the_endpoint": done,
        state: [busy, done],
        "Look_up_the_endpoint": [first_look, endpoint("Updating"), endpoint("InService")],
    }

    walk = _walk(definition, **changes)

    assert walk.succeeded
    assert walk.visited.count("Wait until the endpoint is free") == 2
    assert "Update the endpoint" in walk.visited


def test_an_endpoint_that_went_back_to_the_old_model_is_a_failure(
    definition: dict[str, Any],
) -> None:
    walk = _walk(
        definition,
        Look_up_the_endpoint=endpoint("InService", "old"),
        Check_the_endpoint=endpoint("InService", "old", FailureReason="Health check"),
    )

    assert (walk.error, walk.cause) == ("EndpointRolledBack", "Health check")
    assert "Mail the inference link" not in walk.visited


def test_a_new_endpoint_that_fails_is_removed_and_its_reason_told(
    definition: dict[str, Any],
) -> None:
    walk = _walk(definition, Check_the_endpoint=endpoint("Failed", FailureReason="Out of capacity"))

    assert (walk.error, walk.cause) == ("EndpointFailed", "Out of capacity")
    assert "Remove the failed endpoint" in walk.visited


@pytest.mark.parametrize("status", ["OutOfService", "UpdateRollbackFailed"])
@pytest.mark.parametrize("state", ["Look_up_the_endpoint", "Check_the_endpoint"])
def test_an_endpoint_that_does_not_change_by_itself_is_not_waited_for(
    definition: dict[str, Any], state: str, status: str
) -> None:
    stuck = endpoint(status, FailureReason="Half old, half new")

    walk = _walk(definition, **{state: stuck})

    assert walk.error == "EndpointStuck"
    assert walk.cause == f"The endpoint is {status}: Half old, half new"
    assert walk.visited.count("Check the endpoint") == (state == "Check_the_endpoint")


def test_an_endpoint_that_never_comes_up_ends_the_release(definition: dict[str, Any]) -> None:
    walk = _walk(definition, Check_the_endpoint=endpoint("Creating"))

    assert (walk.error, walk.cause) == ("EndpointTimedOut", "The endpoint is still Creating")


@pytest.mark.parametrize(
    "state",
    [
        "Check before paying",
        "Look at the data",
        "Look for the same training",
        "Train the model",
        "Create the model",
        "Predict the held-out data",
        "Plan the evaluation",
        "Merge the parts",
        "Look at the data again",
        "Gather the evidence",
        "Register the version",
        "Ask for approval",
        "Approve the version",
        "Create the endpoint configuration",
        "Create the endpoint",
        "Check the endpoint",
        "Scale with the traffic",
        "Set the pace of scaling",
    ],
)
def test_a_failing_step_is_mailed_and_keeps_its_error(
    definition: dict[str, Any], state: str
) -> None:
    walk = _walk(definition, **{state: fails("States.TaskFailed", "It broke")})

    assert (walk.error, walk.cause) == ("States.TaskFailed", "It broke")
    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert (failure["state"], failure["error"]) == (state, "States.TaskFailed")
    assert failure["cause"] == "It broke"


def test_a_mail_that_cannot_be_sent_hides_no_error(definition: dict[str, Any]) -> None:
    walk = _walk(
        definition,
        Train_the_model=fails("AlgorithmError", "Bad data"),
        Mail_the_failure=fails("Lambda.Unknown", "No mail"),
    )

    assert (walk.error, walk.cause) == ("AlgorithmError", "Bad data")


def test_a_cause_longer_than_a_fail_state_takes_is_cut(definition: dict[str, Any]) -> None:
    walk = _walk(definition, **{"Train the model": fails("AlgorithmError", "x" * 100_000)})

    # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html
    assert 0 < len(walk.cause) <= 32_768


@pytest.mark.parametrize(
    "release_input",
    [
        {},
        [],
        "1a2b3c4d",
        None,
        {"commitID": "1a2b3c4d"},
        {"imageUri": "repository:tag"},
        {"commitID": None, "imageUri": None},
        {"commitID": 12345678, "imageUri": "repository:tag"},
        {"commitID": ["1a2b3c4d"], "imageUri": "repository:tag"},
        {"commitID": {"a": 1}, "imageUri": "repository:tag"},
        {"commitID": "", "imageUri": "repository:tag"},
        {"commitID": "-1a2b3c4d", "imageUri": "repository:tag"},
        {"commitID": "1a2b 3c4d", "imageUri": "repository:tag"},
        {"commitID": "1a2b3c4d\n", "imageUri": "repository:tag"},
        {"commitID": "ü", "imageUri": "repository:tag"},
        {"commitID": "a" * 129, "imageUri": "repository:tag"},
        {"commitID": "1a2b3c4d", "imageUri": ""},
        {"commitID": "1a2b3c4d", "imageUri": "repository :tag"},
        {"commitID": "1a2b3c4d", "imageUri": "r" * 256},
        {**RELEASE_INPUT, "pipelineExecutionId": "8" * 65},
        {**RELEASE_INPUT, "trigger": "somebody"},
        {**RELEASE_INPUT, "committer": None},
        {**RELEASE_INPUT, "committer": 5},
        {**RELEASE_INPUT, "committer": ["ada@example.com"]},
        {**RELEASE_INPUT, "committer": {"email": "ada@example.com"}},
        {**RELEASE_INPUT, "committer": "ada @example.com"},
        {**RELEASE_INPUT, "committer": "ada@example.com\n"},
        {**RELEASE_INPUT, "committer": "a" * 243 + "@example.com"},
        # Whoever means to put a version back, and misspells it, trains nothing.
        {"ModelPackageArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/iris/6"},
    ],
)
def test_a_wrong_input_is_told_and_trains_nothing(
    definition: dict[str, Any], release_input: object
) -> None:
    walk = execute(definition, release_input, answers=all_well())

    assert walk.error == "InvalidReleaseInput"
    assert "commitID" in walk.cause
    assert walk.visited[-3:] == ["Explain the wrong input", "Mail the failure", "Release failed"]
    assert "Check before paying" not in walk.visited
