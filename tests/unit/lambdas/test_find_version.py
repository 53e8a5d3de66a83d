"""Only an approved version of this model can be put back, and all that it needs is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from find_version.handler import (
    UnknownVersion,
    VersionIncomplete,
    VersionNotApproved,
    handle,
)
from moto import mock_aws
from shared import aws
from shared.evaluation import Evaluation
from shared.transient import TransientError

from tests.unit.lambdas import events

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("find_version")
_EVALUATION = events.load("evidence")["evaluation"]
_BUCKET = _EVENT["bucket"]
_KEY = _EVALUATION["reportKey"]
_ARN = _EVENT["modelPackageArn"]
_PACKAGE: dict[str, Any] = {
    "ModelPackageGroupName": "iris",
    "ModelPackageVersion": 7,
    "ModelPackageName": "iris",
    "ModelPackageArn": _ARN,
    "CreationTime": "2026-11-22T14:00:00Z",
    "ModelPackageStatus": "Completed",
    "ModelPackageStatusDetails": {"ValidationStatuses": []},
    "ModelApprovalStatus": "Approved",
    "ApprovalDescription": "Approved by ada@example.com: Good on all",
    "InferenceSpecification": {
        "Containers": [{"Image": "account/iris@sha256:1", "ModelDataUrl": "s3://b/model.tar.gz"}]
    },
    "CustomerMetadataProperties": {
        "commit": "1a2b3c4d",
        "approval": "f" * 32,
        "dataVersion": "4f1d8a0b2c3e",
        "report": _KEY,
        "decidedBy": "ada@example.com",
        "decidedAt": "2026-11-22T14:20:00+00:00",
    },
}


@pytest.fixture
def sagemaker() -> Iterator[Stubber]:
    with Stubber(aws.sagemaker()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def s3(sagemaker: Stubber) -> Iterator[S3Client]:  # noqa: ARG001 - stubbed before moto begins
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield client


def _put(s3: S3Client, **changes: object) -> None:
    """The report as merge_parts writes it, with changes; None takes a field away."""
    report = {**_EVALUATION, "dataVersion": "4f1d8a0b2c3e", "testVersion": "77aa01bc93d2"}
    changed = {name: value for name, value in {**report, **changes}.items() if value is not None}
    s3.put_object(Bucket=_BUCKET, Key=_KEY, Body=json.dumps(changed).encode())


def _describe(sagemaker: Stubber, **changes: object) -> None:
    answer = {**_PACKAGE, **changes}
    sagemaker.add_response("describe_model_package", answer, {"ModelPackageName": _ARN})


def test_all_that_a_deployment_needs_is_found(sagemaker: Stubber, s3: S3Client) -> None:
    _put(s3)
    _describe(sagemaker)

    found = handle(_EVENT, None)

    evaluation = found.pop("evaluation")
    assert found == {
        "commitId": "1a2b3c4d",
        "imageUri": "account/iris@sha256:1",
        "modelData": "s3://b/model.tar.gz",
        "approvalId": "f" * 32,
        "modelPackageArn": _ARN,
        "number": 7,
        "data": {"version": "4f1d8a0b2c3e"},
        "decision": {
            "decision": "approved",
            "decidedBy": "ada@example.com",
            "reason": "Approved by ada@example.com: Good on all",
            "decidedAt": "2026-11-22T14:20:00+00:00",
            "votes": [],
        },
    }
    assert evaluation == _EVALUATION


def test_a_report_without_its_details_is_enough(sagemaker: Stubber, s3: S3Client) -> None:
    _put(
        s3,
        classes=[{"label": "setosa"}],
        confusionMatrix="?",
        points=7,
        mistakes=None,
        predictionKeys=1,
    )
    _describe(sagemaker)

    evaluation = Evaluation.from_json(handle(_EVENT, None)["evaluation"])

    assert (evaluation.sample_row, evaluation.sample_prediction) == ("5.9,3.0,5.1,1.8", "virginica")
    assert (evaluation.classes, evaluation.confusion_matrix, evaluation.points) == (None,) * 3
    assert evaluation.mistakes == ()


def test_a_report_of_very_many_classes_fits_into_the_workflow(
    sagemaker: Stubber, s3: S3Client
) -> None:
    score = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1}
    labels = [f"label {number}" for number in range(500)]
    counts = [[0] * 500 for _ in labels]
    _put(
        s3,
        classes=[{"label": label, **score} for label in labels],
        confusionMatrix={"labels": labels, "counts": counts},
    )
    _describe(sagemaker)

    evaluation = handle(_EVENT, None)["evaluation"]

    assert len(json.dumps(evaluation)) < 44_000
    assert (evaluation["classes"], evaluation["confusionMatrix"]) == (None, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"sampleRow": None},
        {"samplePrediction": None},
        {"metrics": None},
        {"metrics": {"accuracy": float("nan"), "macroF1": 1.0, "worstRecall": 1.0}},
    ],
)
def test_without_a_row_to_try_it_with_it_is_not_deployed(
    sagemaker: Stubber, s3: S3Client, changes: dict[str, object]
) -> None:
    _put(s3, **changes)
    _describe(sagemaker)

    with pytest.raises(VersionIncomplete, match=r"Version 7 .* Release commit 1a2b3c4d anew"):
        handle(_EVENT, None)


@pytest.mark.usefixtures("s3")
def test_a_report_that_is_gone_is_told(sagemaker: Stubber) -> None:
    _describe(sagemaker)
    with pytest.raises(VersionIncomplete, match=f"{_KEY}.*NoSuchKey"):
        handle(_EVENT, None)


@pytest.mark.parametrize(
    ("status", "description", "said"),
    [
        ("PendingManualApproval", None, "Version 7 still waits for a decision. Put"),
        ("Rejected", "Accuracy is 50 %", r"Version 7 was rejected \(Accuracy is 50 %\)"),
    ],
)
def test_only_an_approved_version_is_put_back(
    sagemaker: Stubber, status: str, description: str | None, said: str
) -> None:
    changes = {"ModelApprovalStatus": status, "ApprovalDescription": description or ""}
    _describe(sagemaker, **changes)

    with pytest.raises(VersionNotApproved, match=said):
        handle(_EVENT, None)


@pytest.mark.parametrize(
    "arn",
    [
        "7",
        "iris/7",
        _ARN.replace("/iris/", "/iris-b/"),
        _ARN.replace("model-package/", "model-package-group/"),
        _ARN + "/8",
        _ARN + "\n",
        _ARN.rpartition("/")[0],
    ],
)
def test_what_is_no_version_of_this_model_is_not_even_asked_for(arn: str) -> None:
    with pytest.raises(UnknownVersion, match=r"is no version of iris.*make versions"):
        handle({**_EVENT, "modelPackageArn": arn}, None)


def test_a_version_that_is_not_there_is_told(sagemaker: Stubber) -> None:
    message = f"ModelPackage {_ARN} does not exist."
    sagemaker.add_client_error("describe_model_package", "ValidationException", message)
    with pytest.raises(UnknownVersion, match="has no version 7"):
        handle(_EVENT, None)


def test_a_version_that_was_registered_by_hand_is_not_put_back(sagemaker: Stubber) -> None:
    _describe(sagemaker, CustomerMetadataProperties={"commit": "1a2b3c4d"})
    with pytest.raises(VersionIncomplete, match="does not say its approval, dataVersion, report"):
        handle(_EVENT, None)


def test_a_throttled_registry_is_asked_again(sagemaker: Stubber) -> None:
    sagemaker.add_client_error("describe_model_package", "ThrottlingException")
    with pytest.raises(TransientError):
        handle(_EVENT, None)
