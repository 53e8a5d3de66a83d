"""The same training is found again, and nothing else is taken for it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber
from find_training.handler import handle
from shared import aws
from shared.fields import InvalidEventError
from shared.fingerprint import training_fingerprint
from shared.transient import TransientError

from tests.unit.lambdas import events

_EVENT = events.load("find_training")
_DIGEST = f"sha256:{'9f2c' * 16}"
_GROUP_ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/iris"
_THEN = datetime(2026, 11, 1, tzinfo=UTC)
_SAME = training_fingerprint(
    image=_DIGEST,
    train_version="7a1c0d3e9b52",
    hyperparameters={"max_leaf_nodes": "5"},
    instance_type="ml.m5.large",
)


class Account:
    """What ECR, SageMaker and S3 answer, in the order of the calls."""

    def __init__(self) -> None:
        self.ecr = Stubber(aws.ecr())
        self.sagemaker = Stubber(aws.sagemaker())
        self.s3 = Stubber(aws.s3())

    def image(self) -> Account:
        detail = {"imageDigest": _DIGEST}
        self.ecr.add_response("describe_images", {"imageDetails": [detail]})
        return self

    def versions(self, *numbers: int) -> Account:
        listed = [
            {
                "ModelPackageGroupName": "iris",
                "ModelPackageArn": f"{_GROUP_ARN}/{number}",
                "CreationTime": _THEN,
                "ModelPackageStatus": "Completed",
            }
            for number in numbers
        ]
        self.sagemaker.add_response(
            "list_model_packages",
            {"ModelPackageSummaryList": listed},
            {
                "ModelPackageGroupName": "iris",
                "SortBy": "CreationTime",
                "SortOrder": "Descending",
            },
        )
        return self

    def version(self, number: int, fingerprint: str = _SAME, **properties: str) -> Account:
        uri = f"s3://release-data/models/job-{number}/output/model.tar.gz"
        self.sagemaker.add_response(
            "describe_model_package",
            {
                "ModelPackageName": f"iris/{number}",
                "ModelPackageArn": f"{_GROUP_ARN}/{number}",
                "CreationTime": _THEN,
                "ModelPackageStatus": "Completed",
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "ModelApprovalStatus": "Rejected",
                "InferenceSpecification": {
                    "Containers": [{"ModelDataUrl": properties.pop("uri", uri)}]
                },
                "CustomerMetadataProperties": {
                    "fingerprint": fingerprint,
                    "commit": f"commit-{number}",
                    "trainingJob": f"job-{number}",
                    **properties,
                },
            },
            {"ModelPackageName": f"{_GROUP_ARN}/{number}"},
        )
        return self

    def artifact(self, number: int, *, listed: str | None = None) -> Account:
        """What lies where the version's artifact lay; a longer name is another object."""
        key = f"models/job-{number}/output/model.tar.gz"
        found = [] if listed == "" else [{"Key": listed or key, "Size": 1}]
        self.s3.add_response(
            "list_objects_v2",
            {"Contents": found},
            {"Bucket": "release-data", "Prefix": key, "MaxKeys": 1},
        )
        return self


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    stubbers = (made.ecr, made.sagemaker, made.s3)
    for stubber in stubbers:
        stubber.activate()
    yield made
    for stubber in stubbers:
        stubber.assert_no_pending_responses()
        stubber.deactivate()


def test_the_newest_version_of_the_same_training_is_found(account: Account) -> None:
    account.image().versions(9, 8, 7).version(9, "another").version(8).artifact(8)

    assert handle(_EVENT, None) == {
        "fingerprint": _SAME,
        "found": True,
        "trainingJob": "job-8",
        "modelData": "s3://release-data/models/job-8/output/model.tar.gz",
        "trainedBefore": {
            "number": 8,
            "commitId": "commit-8",
            "modelPackageArn": f"{_GROUP_ARN}/8",
        },
    }


def test_a_version_that_was_not_trained_itself_names_the_one_that_was(account: Account) -> None:
    account.image().versions(8).version(
        8,
        trainedByVersion=f"{_GROUP_ARN}/3",
        trainedByCommit="commit-3",
        trainingJob="job-3",
    ).artifact(8)

    answer = handle(_EVENT, None)

    assert answer["trainedBefore"]["number"] == 3
    assert answer["trainedBefore"]["commitId"] == "commit-3"
    assert answer["trainingJob"] == "job-3"


@pytest.mark.parametrize("listed", ["", "models/job-8/output/model.tar.gz.old"])
def test_a_version_whose_artifact_is_gone_is_passed_over(account: Account, listed: str) -> None:
    account.image().versions(8, 7).version(8).artifact(8, listed=listed)
    account.version(7).artifact(7)

    assert handle(_EVENT, None)["trainingJob"] == "job-7"


@pytest.mark.parametrize(
    "uri", ["", "s3://elsewhere/models/job-8/model.tar.gz", "s3://release-data/private/m.tar.gz"]
)
def test_an_artifact_that_no_training_of_ours_has_written_is_not_taken(
    account: Account, uri: str
) -> None:
    account.image().versions(8).version(8, uri=uri or "https://example.com/model.tar.gz")

    assert handle(_EVENT, None)["found"] is False


def test_nothing_is_looked_for_where_every_release_trains(account: Account) -> None:
    account.image()

    answer = handle({**_EVENT, "reuse": False}, None)

    assert (answer["found"], answer["fingerprint"]) == (False, _SAME)
    assert answer["trainedBefore"] == {"number": 0, "commitId": "", "modelPackageArn": ""}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("data", "trainVersion"), "another"),
        (("hyperparameters", "max_leaf_nodes"), "6"),
        (("hyperparameters", "depth"), "6"),
        (("instanceType",), "ml.c5.large"),
        (("imageUri",), f"account/iris@sha256:{'0' * 64}"),
    ],
)
def test_whatever_a_training_depends_on_makes_it_another(
    account: Account, place: tuple[str, ...], value: str
) -> None:
    event = copy.deepcopy(_EVENT)
    target: Any = event
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    if place != ("imageUri",):
        account.image()
    account.versions(8).version(8)

    answer = handle(event, None)

    assert answer["found"] is False
    assert answer["fingerprint"] != _SAME


def test_held_out_data_and_the_commit_play_no_part(account: Account) -> None:
    account.versions(8).version(8).artifact(8)
    event = copy.deepcopy(_EVENT)
    event["data"] |= {"testVersion": "another", "version": "another"}
    event["imageUri"] = f"account/iris@{_DIGEST}"

    assert handle(event, None)["found"] is True


def test_an_image_that_is_not_there_is_left_to_the_training(account: Account) -> None:
    account.ecr.add_client_error("describe_images", "ImageNotFoundException")
    account.versions()

    assert handle(_EVENT, None)["found"] is False


def test_a_registry_that_is_throttling_is_asked_again(account: Account) -> None:
    account.ecr.add_client_error("describe_images", "ThrottlingException")

    with pytest.raises(TransientError):
        handle(_EVENT, None)


@pytest.mark.parametrize("name", sorted(set(_EVENT) - {"hyperparameters", "data"}))
def test_a_missing_field_is_named(account: Account, name: str) -> None:
    if name not in ("imageUri", "reuse"):
        account.image()

    with pytest.raises(InvalidEventError, match=name):
        handle({**_EVENT, name: ""}, None)
