"""The evidence is put together from SageMaker, ECR and S3; the live model never fails a release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from gather_evidence.handler import handle
from moto import mock_aws
from shared import aws
from shared.evidence import Evidence
from shared.fields import InvalidEventError
from shared.transient import TransientError

from tests.unit.lambdas import events
from tests.unit.lambdas.sagemaker_answers import CONFIGURATION, SageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("gather_evidence")
_BUCKET = _EVENT["bucket"]
_LIVE = events.load("evidence")["live"]


@pytest.fixture
def sagemaker() -> Iterator[SageMaker]:
    with Stubber(aws.sagemaker()) as stubber:
        yield SageMaker(stubber)
        stubber.assert_no_pending_responses()


@pytest.fixture
def s3(sagemaker: SageMaker) -> Iterator[S3Client]:  # noqa: ARG001 - stubbed before moto begins
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield client


def _put_report(s3: S3Client, **changes: object) -> None:
    report = {**_LIVE, **changes}
    s3.put_object(Bucket=_BUCKET, Key=_LIVE["reportKey"], Body=json.dumps(report).encode())


def _gather(**changes: object) -> Evidence:
    answer = handle({**_EVENT, **changes}, None)
    return Evidence.from_json(json.loads(json.dumps(answer)))


def test_candidate_and_live_model_stand_beside_each_other(
    sagemaker: SageMaker, s3: S3Client
) -> None:
    # Given an earlier release whose report is there
    sagemaker.released()
    _put_report(s3)

    # When the evidence is gathered
    evidence = _gather()

    # Then it is the checked-in evidence: everything comes from where it belongs
    assert evidence.to_json() == events.load("evidence")
    assert evidence.comparison == "better than live"


def test_first_release_has_no_live_model(sagemaker: SageMaker, s3: S3Client) -> None:  # noqa: ARG001
    sagemaker.job().error(
        "describe_endpoint", "ValidationException", 'Could not find endpoint "iris".'
    )

    evidence = _gather()

    assert evidence.live is None
    assert evidence.comparison == "first release"


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed", "Deleting"])
def test_an_endpoint_that_does_not_serve_is_said(
    sagemaker: SageMaker,
    s3: S3Client,  # noqa: ARG001
    status: str,
) -> None:
    sagemaker.job().endpoint(status)

    evidence = _gather()

    assert evidence.live is None
    assert f"state {status}" in evidence.live_problem
    assert evidence.comparison == "not compared with live"


@pytest.mark.parametrize("tags", [{}, {"commit": "0f9e8d7c"}, {"evaluation": "report.json"}])
def test_a_configuration_without_our_tags_is_said(
    sagemaker: SageMaker,
    s3: S3Client,  # noqa: ARG001
    tags: dict[str, str],
) -> None:
    sagemaker.job().endpoint().configuration(**tags)

    evidence = _gather()

    assert evidence.live is None
    assert CONFIGURATION in evidence.live_problem


def test_a_report_that_is_gone_is_said(
    sagemaker: SageMaker,
    s3: S3Client,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> None:
    sagemaker.released()

    evidence = _gather()

    assert evidence.live is None
    assert "NoSuchKey" in evidence.live_problem
    assert _LIVE["commitId"] in evidence.live_problem
    assert '"event": "liveModelUnreadable"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        json.dumps({**_LIVE, "accuracy": float("nan")}).encode(),
        json.dumps({**_LIVE, "accuracy": 1.5}).encode(),
        json.dumps({**_LIVE, "classes": [{"label": "a"}]}).encode(),
        json.dumps({**_LIVE, "classes": [{**_LIVE["classes"][0], "f1": float("nan")}]}).encode(),
    ],
    ids=range(10),
)
def test_a_report_that_is_none_is_said(sagemaker: SageMaker, s3: S3Client, body: bytes) -> None:
    sagemaker.released()
    s3.put_object(Bucket=_BUCKET, Key=_LIVE["reportKey"], Body=body)

    evidence = _gather()

    assert evidence.live is None
    assert "not a report" in evidence.live_problem


def test_a_report_without_data_version_or_with_many_classes_is_read(
    sagemaker: SageMaker, s3: S3Client
) -> None:
    sagemaker.released()
    many = [{**_LIVE["classes"][0], "label": str(i)} for i in range(21)]
    _put_report(s3, dataVersion=None, testVersion=None, classes=many)

    live = _gather().live

    assert live
    assert (live.data_version, live.test_version, live.classes) == ("", "", None)
    assert live.accuracy == _LIVE["accuracy"]


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDeniedException", 400), ("InternalServerException", 500)]
)
def test_errors_about_the_live_model_fail_no_release(
    sagemaker: SageMaker,
    s3: S3Client,  # noqa: ARG001
    code: str,
    status: int,
) -> None:
    sagemaker.job().error("describe_endpoint", code, "no", status)

    evidence = _gather()

    assert evidence.live is None
    assert code in evidence.live_problem


def test_throttling_of_the_own_job_is_tried_again(sagemaker: SageMaker) -> None:
    sagemaker.error("describe_training_job", "ThrottlingException")

    with pytest.raises(TransientError):
        _gather()


def test_digest_of_a_tagged_image_comes_from_its_repository(
    sagemaker: SageMaker, s3: S3Client
) -> None:
    sagemaker.released()
    _put_report(s3)
    ecr = boto3.client("ecr")
    ecr.create_repository(repositoryName="team/iris")
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "c", "size": 1, "digest": f"sha256:{'a' * 64}"},
        "layers": [],
    }
    pushed = ecr.put_image(
        repositoryName="team/iris", imageManifest=json.dumps(manifest), imageTag="1a2b3c4d"
    )

    evidence = _gather(imageUri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/iris:1a2b3c4d")

    assert evidence.image_digest == pushed["image"]["imageId"]["imageDigest"]
    assert evidence.image_digest.startswith("sha256:")


@pytest.mark.parametrize(
    "uri",
    [
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/gone:1a2b3c4d",
        "process://iris:1a2b3c4d",
        "iris",
    ],
)
def test_unknown_digest_fails_no_release(sagemaker: SageMaker, s3: S3Client, uri: str) -> None:
    sagemaker.released()
    _put_report(s3)

    assert _gather(imageUri=uri).image_digest == ""


def test_evidence_is_bounded_whatever_the_data_says(sagemaker: SageMaker, s3: S3Client) -> None:
    # Given everything as long as each part may be, in characters that JSON writes in 12 bytes
    wide = "\N{GRINNING FACE}"
    score = {"precision": 1 / 3, "recall": 1 / 3, "f1": 1 / 3, "support": 10**12}
    labels = [f"{i:02d}" + wide * 70 for i in range(20)]
    tables = {
        "classes": [{**score, "label": label} for label in labels],
        "confusionMatrix": {"labels": labels, "counts": [[10**9] * 20] * 20},
    }
    assert 35_000 < len(json.dumps(tables)) <= 44_500
    mistake = {
        "place": wide * 40 + ", line 12",
        "actual": wide * 21,
        "predicted": wide * 21,
        "features": wide * 100,
    }
    evaluation = {
        **_EVENT["evaluation"],
        **tables,
        "sampleRow": wide * 5000,
        "mistakes": [mistake] * 10,
        "predictionKeys": ["k" * 1024] * 10,
    }
    hyperparameters = {f"{i}{wide * 200}": wide * 2000 for i in range(100)}
    tags = {"commit": "c" * 256, "evaluation": _LIVE["reportKey"]}
    sagemaker.job(HyperParameters=hyperparameters).endpoint().configuration(**tags)
    _put_report(s3, classes=tables["classes"], dataVersion="v" * 10_000)

    # When it is gathered
    evidence = _gather(evaluation=evaluation)

    # Then it fits, and tells what it left off
    assert len(json.dumps(evidence.to_json())) <= 150_000
    assert evidence.live
    assert evidence.live.classes is not None
    shown = len(evidence.hyperparameters)
    assert shown > 0
    assert shown + evidence.hyperparameters_left_off == 100


@pytest.mark.parametrize("field", list(_EVENT))
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: None}, None)


def test_nothing_of_the_data_is_logged(
    sagemaker: SageMaker, s3: S3Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sagemaker.released()
    _put_report(s3)

    _gather()

    lines: list[dict[str, Any]] = [json.loads(x) for x in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["evidenceGathered"]
    assert _EVENT["evaluation"]["sampleRow"] not in json.dumps(lines)
