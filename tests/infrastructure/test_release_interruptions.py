"""Time limits, redrives and mails that cannot be sent: what each leaves behind."""

from __future__ import annotations

from typing import Any

import pytest
from mail_outcome.inference import InferenceApi
from mail_outcome.messages import write_mail
from mail_outcome.outcome import read_outcome
from mail_outcome.serving import Standing

from tests.infrastructure.answers import RELEASE_INPUT, all_well, endpoint, fails
from tests.infrastructure.execution import Walk, execute

_JOBS = [
    ("Train the model", "Stop the training", "TrainingJobName"),
    ("Predict the held-out data", "Stop the predictions", "TransformJobName"),
]
_API = InferenceApi(url="https://api.example.com/inference", access="iam", region="eu-west-1")


def _walk(definition: dict[str, Any], **changes: Any) -> Walk:  # noqa: ANN401 - answers
    answers = {**all_well(), **{name.replace("_", " "): new for name, new in changes.items()}}
    return execute(definition, RELEASE_INPUT, answers=answers)


@pytest.mark.parametrize(("state", "stop", "name"), _JOBS)
@pytest.mark.parametrize(("retries", "redrives"), [(0, 0), (2, 0), (0, 1), (3, 2)])
def test_a_job_that_takes_too_long_is_stopped_before_the_timeout_is_mailed(
    definition: dict[str, Any], state: str, stop: str, name: str, retries: int, redrives: int
) -> None:
    walk = execute(
        definition,
        RELEASE_INPUT,
        answers={**all_well(), state: fails("States.Timeout")},
        retries={state: retries},
        redrives=redrives,
    )

    # The job is the one of this try, not of the first.
    assert walk.arguments(stop) == {name: walk.arguments(state)[name]}
    assert walk.visited[-3:] == [stop, "Mail the failure", "Release failed"]
    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert (failure["state"], failure["error"]) == (state, "States.Timeout")
    assert walk.error == "States.Timeout"


@pytest.mark.parametrize(("state", "stop", "name"), _JOBS)
def test_a_job_that_cannot_be_stopped_changes_neither_mail_nor_error(
    definition: dict[str, Any], state: str, stop: str, name: str
) -> None:
    walk = _walk(
        definition,
        **{
            state: fails("States.Timeout"),
            stop: fails("SageMaker.SageMakerException", f"{name} is over"),
        },
    )

    failure = walk.arguments("Mail the failure")["Payload"]["failure"]
    assert (failure["state"], failure["error"]) == (state, "States.Timeout")
    assert walk.error == "States.Timeout"


@pytest.mark.parametrize(("state", "stop", "name"), _JOBS)
def test_a_job_that_failed_by_itself_is_not_stopped(
    definition: dict[str, Any], state: str, stop: str, name: str
) -> None:
    walk = _walk(definition, **{state: fails("States.TaskFailed", f"{name} failed")})

    assert stop not in walk.visited
    assert walk.visited[-2:] == ["Mail the failure", "Release failed"]


def test_a_redrive_gives_every_new_thing_another_name(definition: dict[str, Any]) -> None:
    first, redriven = (
        execute(definition, RELEASE_INPUT, answers=all_well(), redrives=redrives)
        for redrives in (0, 1)
    )

    for state, argument in (
        ("Train the model", "TrainingJobName"),
        ("Create the model", "ModelName"),
        ("Predict the held-out data", "TransformJobName"),
        ("Create the endpoint configuration", "EndpointConfigName"),
    ):
        assert first.arguments(state)[argument] != redriven.arguments(state)[argument], state
    # The endpoint is the one that stays.
    assert redriven.arguments("Create the endpoint")["EndpointName"] == "iris"
    assert redriven.succeeded


def test_a_live_model_stays_a_success_when_its_mail_cannot_be_sent(
    definition: dict[str, Any],
) -> None:
    mailed = _walk(definition)
    unsent = _walk(definition, Mail_the_inference_link=fails("Lambda.Unknown", "No mail"))

    assert mailed.succeeded
    assert unsent.succeeded
    assert unsent.visited[-1] == "Live"
    assert unsent.output == mailed.output
    assert unsent.output["endpointName"] == "iris"


def test_a_failure_after_going_live_says_what_served_before(definition: dict[str, Any]) -> None:
    # Given an endpoint that served another configuration before
    walk = _walk(
        definition,
        Look_up_the_endpoint=endpoint("InService", "iris-before"),
        Try_the_endpoint=fails("SmokeTestFailed", "Answered setosa, not virginica."),
        Check_the_last_model=endpoint("InService", "iris-before"),
    )

    payload = walk.arguments("Mail the failure")["Payload"]
    assert payload["endpointName"] == "iris"
    assert payload["previousConfiguration"] == "iris-before"
    mail = write_mail(read_outcome(payload), api=_API, standing=Standing())
    assert "Answered setosa, not virginica. The last model serves again: iris-before." in mail.body


@pytest.mark.parametrize("failing", ["Train the model", "Try the endpoint"])
def test_without_an_endpoint_before_the_failure_names_no_configuration(
    definition: dict[str, Any], failing: str
) -> None:
    walk = _walk(definition, **{failing: fails("States.TaskFailed", "It broke")})

    payload = walk.arguments("Mail the failure")["Payload"]
    assert payload["endpointName"] == "iris"
    assert payload["previousConfiguration"] == ""


def test_a_failed_endpoint_that_was_replaced_is_nothing_to_go_back_to(
    definition: dict[str, Any],
) -> None:
    gone = all_well()["Look up the endpoint"]

    walk = _walk(
        definition,
        Look_up_the_endpoint=[endpoint("Failed", "iris-broken"), gone],
        Try_the_endpoint=fails("States.TaskFailed", "It broke"),
    )

    assert walk.arguments("Mail the failure")["Payload"]["previousConfiguration"] == ""
