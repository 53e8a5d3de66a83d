"""What failure mails say: the reason dug out of a cause, and advice that fits the failure."""

from __future__ import annotations

import re

import pytest
from mail_outcome.advice import advice
from mail_outcome.failure import readable_reason


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ('{"TrainingJobName": "j", "FailureReason": "AlgorithmError: no"}', "AlgorithmError: no"),
        ('{"errorMessage": "p, line 2 has 2 fields", "errorType": "E"}', "p, line 2 has 2 fields"),
        ('{"Error": "E", "Cause": "{\\"errorMessage\\": \\"inner\\"}"}', "inner"),
        ({"FailureReason": "already parsed"}, "already parsed"),
        ("plain text (Service: SageMaker)", "plain text (Service: SageMaker)"),
        ('{"Status": "Failed"}', '{"Status": "Failed"}'),
        ("[1, 2]", "[1, 2]"),
        ("", "No reason was given."),
        ('{"FailureReason": ""}', '{"FailureReason": ""}'),
        ("[" * 100_000, "[" * 8000),
    ],
)
def test_reason_is_dug_out(cause: str | dict[str, str], reason: str) -> None:
    assert readable_reason(cause) == reason


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        ("States.TaskFailed", "AlgorithmError: ValueError: could not convert", "data under train/"),
        ("States.TaskFailed", "AlgorithmError: cannot identify image file", "data under train/"),
        (
            "States.TaskFailed",
            "AlgorithmError: Hyperparameter 'leaves' (value '5') is unknown. Known are: smoothing.",
            "[model.hyperparameters] in settings.toml",
        ),
        ("States.TaskFailed", "ClientError: Data download failed: No S3 objects", "data"),
        ("States.TaskFailed", "ClientError: Cannot pull image from registry", "container image"),
        ("SageMaker.ResourceLimitExceededException", "limit is 0", "quota"),
        ("SageMaker.SageMakerException", "ResourceLimitExceeded: limit is 0", "quota"),
        ("SageMaker.SageMakerException", "role is not authorized to perform x", "permission"),
        ("Lambda.AccessDeniedException", "image", "permission"),
        ("States.TaskFailed", "CapacityError: Unable to provision", "not tried again by itself"),
        ("EndpointFailed", "CapacityError: Unable to provision", "another instance type"),
        ("EndpointRolledBack", "CapacityError: Unable to provision", "another instance type"),
        ("SageMaker.SageMakerException", "Rate exceeded (ThrottlingException)", "release again"),
        ("Lambda.TooManyRequestsException", "Rate exceeded", "release again later"),
        ("TransientError", "An error occurred (ValueError)", "release again later"),
        ("MalformedPredictions", "p, line 2 has 2 fields", "held-out"),
        ("SmokeTestFailed", "answered 'a'", "does not answer as the tested model"),
        ("ReleaseSuperseded", "'iris-2'", "Its model serves now, not this one"),
        (
            "PreflightFailed",
            "The quota 'ml.m5.large' is 0, limit exceeded",
            "Do what is said above",
        ),
        ("ApproversNotConfirmed", "only 1", "Too few approvers can answer"),
        ("NoTrainingData", "", "There is nothing to train on"),
        ("NoHeldOutData", "", "There is nothing to measure a model on"),
        ("EndpointRolledBack", "did not pass the ping health check", "old model still serves"),
        ("EndpointRolledBack", "alarm(s) have gone into ALARM state: [iris]", "[endpoint.alarms]"),
        ("EndpointRolledBack", "alarm(s) have gone into ALARM state: [iris]", "old model still"),
        ("UnknownVersion", "no version 9", "`make versions`"),
        ("VersionNotApproved", "was rejected", "Only a version that people have approved"),
        ("VersionIncomplete", "no report", "put another version"),
        ("TooManyClasses", "", 'model.task = "regression"'),
        ("TooManyPredictionObjects", "", "fewer, larger ones"),
        ("HeldOutDataChanged", "", "of two different tests"),
        ("EndpointUnhealthy", "The live model's alarm iris-5xx rings.", "`make rollback`"),
        ("EndpointUnhealthy", "The live model's alarm iris-5xx rings.", "stays approved"),
        ("EndpointRolledBack", "SageMaker gave no reason", "old model still serves"),
        ("EndpointRolledBack", "SageMaker gave no reason", "Why is not known"),
        ("EndpointFailed", "SageMaker gave no reason", "Why is not known"),
        ("InvalidReleaseInput", "", '{"modelPackageArn": "<ARN of the version>"}'),
        ("EndpointFailed", "did not pass the ping health check", "no model is live until"),
        ("InvalidReleaseInput", "Send ...", '{"commitID": "<tag>", "imageUri"'),
        ("Sandbox.Timedout", "Task timed out after 30.00 seconds", "function took longer"),
        ("States.Runtime", "Invalid path, timeout", "definition failed"),
        ("States.DataLimitExceeded", "", "256 KiB"),
        ("Lambda.Unknown", "what is this", "Open the execution"),
    ],
)
def test_advice_fits_the_failure(error: str, reason: str, words: str) -> None:
    assert words in advice(error=error, reason=reason)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("Train the model", "training.max_runtime_minutes"),
        ("Predict the held-out data", "twelve hours"),
        ("Measure a part", "longer than it may"),
        ("", "longer than it may"),
    ],
)
def test_a_timeout_names_what_limits_the_step(state: str, words: str) -> None:
    assert words in advice(error="States.Timeout", reason="", state=state)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("AlgorithmError: See job logs for more information", "under /aws/sagemaker/TransformJobs"),
        ("ClientError: Bad HTTP response status: 400", "a header line, a missing value, or text"),
        ("ResourceLimitExceeded: limit is 0", "quota"),
        ("CapacityError: Unable to provision", "another instance type"),
    ],
)
def test_failed_predictions_point_to_the_held_out_data(reason: str, words: str) -> None:
    state = "Predict the held-out data"
    assert words in advice(error="States.TaskFailed", reason=reason, state=state)


def test_an_endpoint_that_was_busy_before_is_told_from_one_that_is_slow_now() -> None:
    busy = advice(error="EndpointTimedOut", reason="", state="Look up the endpoint")
    slow = advice(error="EndpointTimedOut", reason="", state="Wait for the endpoint")

    assert "This release has changed nothing" in re.sub(r"\s+", " ", busy)
    assert "may yet come to serve this model" in slow


@pytest.mark.parametrize("error", ["NoHeldOutData", "NoTrainingData"])
def test_data_that_was_removed_meanwhile_does_not_mean_that_nothing_was_trained(error: str) -> None:
    text = advice(error=error, reason="", state="Look at the data again")

    assert "removed from the data bucket while the release ran" in text
    assert "Nothing was trained" not in text


@pytest.mark.parametrize("error", ["EndpointRolledBack", "EndpointFailed"])
def test_without_a_reason_nothing_is_blamed(error: str) -> None:
    text = advice(error=error, reason="SageMaker gave no reason", state="Wait for the endpoint")

    assert "did not get healthy" not in text
    assert "went off while" not in text


def test_a_model_that_could_not_be_tried_may_be_at_fault() -> None:
    elsewhere = advice(error="TransientError", reason="", state="Merge the parts")
    tried = advice(error="TransientError", reason="", state="Try the endpoint")

    assert "Nothing is wrong with the model" in elsewhere
    assert "Nothing is wrong with the model" not in tried
    assert "may be at fault, or may not" in tried


@pytest.mark.parametrize("state", ["Scale with the traffic", "Set the pace of scaling"])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("ApplicationAutoScaling.ValidationException", "an instance type that cannot scale"),
        ("ApplicationAutoScaling.AccessDeniedException", "A role lacks a permission"),
        ("ApplicationAutoScaling.LimitExceededException", "an instance type that cannot scale"),
        ("States.Timeout", "an instance type that cannot scale"),
    ],
)
def test_a_model_that_does_not_scale_has_passed_its_test(
    state: str, error: str, words: str
) -> None:
    text = advice(error=error, reason="no", state=state)

    assert text.startswith("The model has passed its test on the endpoint and stays there")
    assert words in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [("no", "deregister-scalable-target"), ("not authorized to perform", "lacks a permission")],
)
def test_scaling_that_does_not_end_has_changed_nothing(reason: str, words: str) -> None:
    text = advice(
        error="ApplicationAutoScaling.ApplicationAutoScalingException",
        reason=reason,
        state="Stop scaling with the traffic",
    )

    assert "nothing was changed" in text
    assert words in text


def test_an_endpoint_nobody_watches_any_more_is_said_to_be_changing() -> None:
    text = advice(error="SageMaker.SageMakerException", reason="no", state="Check the endpoint")

    assert "may serve it by now, untried" in text
