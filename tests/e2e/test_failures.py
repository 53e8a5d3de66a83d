"""What goes wrong before anybody is asked: everybody is told why, and nothing is released."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.cloud.service_quotas import FILE
from local.image_build import PushedImage
from local.release import Outcome, Release
from tests.e2e.system import EVERYBODY, Definition, System, skip_to

_ROW = "setosa,5.1,3.5,1.4,0.2\n"
_TRAIN, _TRANSFORM = "Train the model", "Predict the held-out data"
_PREFLIGHT, _DATA, _EVALUATE = "Check before paying", "Look at the data", "Plan the evaluation"


def _assert_told(release: Release, outcome: Outcome, *, state: str, error: str, why: str) -> None:
    assert (outcome.status, outcome.error) == ("FAILED", error), outcome
    mails = release.mails()
    assert sorted(mail["to"] for mail in mails) == EVERYBODY
    assert all(mail["subject"].endswith(f" at {state}") for mail in mails), mails
    assert all(mail["subject"].startswith("FAILED: iris model ") for mail in mails)
    for part in (error, why, release.execution_arn, "WHAT TO DO NEXT"):
        assert part in mails[0]["body"], mails[0]["body"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (_ROW * 2 + "setosa,5.1,3.5\n", "bad.csv line 3: 3 columns, but the rows before have 5"),
        ("", "bad.csv is empty"),
        (_ROW + "setosa,5.1,tall,1.4,0.2\n", "bad.csv line 2, column 3: 'tall' is not a number"),
    ],
    ids=["ragged", "empty", "not-a-number"],
)
def test_bad_training_data_is_named_by_file_and_line(
    data: System, image: PushedImage, live: dict[str, Any], content: str, why: str
) -> None:
    # Given one bad file beside good ones
    data.put_data("train", {"a.csv": _ROW, "bad.csv": content})
    # When the commit is released
    release = data.release(image)
    outcome = data.ended(release)
    # Then the mail names file and line, and nothing has changed
    _assert_told(release, outcome, state=_TRAIN, error="States.TaskFailed", why=why)
    [job] = data.client("sagemaker").list_training_jobs(NameContains=release.mark)[
        "TrainingJobSummaries"
    ]
    described = data.client("sagemaker").describe_training_job(
        TrainingJobName=job["TrainingJobName"]
    )
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("AlgorithmError: ")
    assert why in described["FailureReason"]
    assert data.models_of(release) == []
    assert data.endpoint() == live


def test_held_out_rows_of_the_wrong_width_fail_the_transform(
    data: System, image: PushedImage, live: dict[str, Any]
) -> None:
    data.put_data("test", {"wide.csv": "setosa,5.1,3.5,1.4,0.2,9.9\n"})
    release = data.release(image)
    outcome = data.ended(release)
    # As on AWS the reason points to the job's log, and there the model says what is wrong
    why = "See job logs for more information"
    _assert_told(release, outcome, state=_TRANSFORM, error="States.TaskFailed", why=why)
    [log] = (data.cloud.state_dir / "logs" / "transform-jobs").glob(f"*{release.mark}*")
    assert "5 features" in log.read_text(encoding="utf-8")
    assert data.endpoint() == live


def test_held_out_data_that_changes_on_the_way_stops_the_release(
    data: System, image: PushedImage, live: dict[str, Any]
) -> None:
    # Given a release in training
    versions = data.versions()
    release = data.release(image)
    data.reached(release, _TRAIN)
    # When somebody adds held-out data
    data.client("s3").put_object(
        Bucket=data.deployment.data_bucket, Key="test/more.csv", Body=_ROW.encode()
    )
    # Then it ends before anybody is asked: its figures would be of two different tests
    outcome = data.ended(release)
    why = "Files under test/ changed while the release ran"
    _assert_told(
        release, outcome, state="Look at the data again", error="HeldOutDataChanged", why=why
    )
    assert release.approval_links() == {}
    assert data.versions() == versions
    assert data.endpoint() == live


@pytest.fixture
def no_machines(system: System) -> Iterator[str]:
    """An account whose quota for training is zero; the quota's name."""
    name, file = "ml.m5.large for training job usage", system.cloud.state_dir / FILE
    file.write_text(json.dumps({name: 0}), encoding="utf-8")
    yield name
    file.unlink()


def test_everything_that_would_stop_a_release_is_told_before_it_is_paid_for(
    data: System, image: PushedImage, no_machines: str
) -> None:
    # Given neither training data nor a machine to train on
    data.put_data("train", {})
    # When a commit is released
    release = data.release(image)
    outcome = data.ended(release)
    # Then one mail tells of both, each with its remedy, and nothing was begun
    why = "2 things would stop this release."
    _assert_told(release, outcome, state=_PREFLIGHT, error="PreflightFailed", why=why)
    told = release.mails()[0]["body"]
    assert f"There is no object under s3://{data.deployment.data_bucket}/train/" in told
    assert f"The quota '{no_machines}' is 0" in told
    assert "aws s3 cp train.csv" in told
    assert "aws service-quotas request-service-quota-increase" in told
    assert data.states_of(release)[-3:] == [_PREFLIGHT, "Mail the failure", "Release failed"]


def test_an_image_that_is_not_there_is_named(system: System) -> None:
    uri = f"{system.deployment.repository_uri}@sha256:{'0' * 64}"
    release = system.release(PushedImage(tag="nowhere", uri=uri))
    outcome = system.ended(release)
    _assert_told(
        release, outcome, state=_TRAIN, error="SageMaker.AmazonSageMakerException", why=uri
    )


@pytest.mark.parametrize(
    ("hyperparameters", "why"),
    [({"max_leaf_nodes": "many"}, "max_leaf_nodes"), ({"leaves": "5"}, "leaves")],
    ids=["value", "name"],
)
def test_a_wrong_hyperparameter_is_named(
    system: System, image: PushedImage, hyperparameters: dict[str, str], why: str
) -> None:
    def set_them(definition: Definition) -> None:
        definition["States"][_TRAIN]["Arguments"]["HyperParameters"] = hyperparameters

    given = image.release_input()
    release = system.start_changed(given, set_them)
    outcome = system.ended(release)
    _assert_told(release, outcome, state=_TRAIN, error="States.TaskFailed", why=why)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"imageUri": "repository:abc"},
        {"commitID": "abc"},
        {"commitID": 5, "imageUri": ["repository:abc"]},
        {"commitID": "", "imageUri": ""},
        {"commitID": "a b", "imageUri": "repository:abc"},
        {"commitID": None, "imageUri": None},
    ],
)
def test_a_wrong_input_is_told_what_to_send(system: System, given: dict[str, object]) -> None:
    release = system.start(given)
    outcome = system.ended(release)
    _assert_told(
        release,
        outcome,
        state="Is the input complete?",
        error="InvalidReleaseInput",
        why='Send {"commitID": "<image tag>"',
    )
    jobs = system.client("sagemaker").list_training_jobs(NameContains=release.mark)
    assert jobs["TrainingJobSummaries"] == []


def test_a_function_fails_by_the_name_of_its_error(system: System, image: PushedImage) -> None:
    # Given a workflow that evaluates where no prediction lies
    def skip(definition: Definition) -> None:
        skip_to(_DATA, jobName="never-ran")(definition)
        definition["States"][_DATA]["Next"] = _EVALUATE

    given = image.release_input()
    release = system.start_changed(given, skip)
    # Then the error is the function's own, and its sentence is what the mail says
    outcome = system.ended(release)
    _assert_told(release, outcome, state=_EVALUATE, error="NoPredictions", why="There is no *.out")
    assert "errorType" not in release.mails()[0]["body"]


def test_the_roles_of_the_workflow_are_enforced(system: System, image: PushedImage) -> None:
    # Given a workflow that would create a model under a name that its role may not use
    def rename(definition: Definition) -> None:
        skip_to("Create the model", modelData=f"s3://{system.deployment.data_bucket}/x")(definition)
        definition["States"]["Create the model"]["Arguments"]["ModelName"] = "somebody-elses"

    given = image.release_input()
    release = system.start_changed(given, rename)
    # Then IAM refuses it
    outcome = system.ended(release)
    assert outcome.status == "FAILED"
    assert "not authorized to perform: sagemaker:CreateModel" in outcome.cause
