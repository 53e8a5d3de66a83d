"""The evidence is put together from SageMaker, ECR and S3; the live model never fails a release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from gather_evidence.handler import handle
from shared import aws
from shared.evidence import Evidence
from shared.fields import InvalidEventError
from shared.transient import TransientError

from tests.unit.lambdas import events
from tests.unit.lambdas.live_report import GATE, LIVE, emulated_bucket, put_report
from tests.unit.lambdas.sagemaker_answers import SageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("gather_evidence")
_BUCKET = _EVENT["bucket"]
_FOUND = _EVENT["live"]


@pytest.fixture(autouse=True)
def _gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE", GATE)


@pytest.fixture
def s3(sagemaker: SageMaker) -> Iterator[S3Client]:  # noqa: ARG001 - stubbed before moto begins
    with emulated_bucket(_BUCKET) as client:
        yield client


def _gather(**changes: object) -> Evidence:
    answer = handle({**_EVENT, **changes}, None)
    return Evidence.from_json(json.loads(json.dumps(answer, allow_nan=False)))


def test_candidate_and_live_model_stand_beside_each_other(
    sagemaker: SageMaker, s3: S3Client
) -> None:
    # Given an earlier release whose report is there
    sagemaker.job()
    put_report(s3)

    # When the evidence is gathered
    evidence = _gather()

    # Then it is the checked-in evidence: everything comes from where it belongs
    assert evidence.to_json() == events.load("evidence")
    assert evidence.comparison == "better than live"


@pytest.mark.usefixtures("s3")
def test_of_a_training_elsewhere_is_told_what_came_with_the_model() -> None:
    told = {
        "seconds": 61,
        "instanceType": "ml.c5.large",
        "hyperparameters": {"max_leaf_nodes": "5"},
        "hyperparametersLeftOff": 2,
    }

    # SageMaker is not asked: it has no answer ready
    evidence = _gather(live={"kind": "none"}, training=told)

    assert (evidence.training.seconds, evidence.training.instance_type) == (61, "ml.c5.large")
    assert evidence.hyperparameters == {"max_leaf_nodes": "5"}
    assert evidence.hyperparameters_left_off == 2


def test_first_release_has_no_live_model(sagemaker: SageMaker, s3: S3Client) -> None:  # noqa: ARG001
    sagemaker.job()

    evidence = _gather(live={"kind": "none"})

    assert evidence.live is None
    assert evidence.comparison == "first release"
    assert evidence.gate.passed
    assert [check.rule for check in evidence.gate.checks] == ["threshold", "threshold"]
    assert "There is no live model yet" in evidence.gate.summary


def test_a_comparison_on_the_data_of_today_counts(sagemaker: SageMaker, s3: S3Client) -> None:
    # Given a live model that was measured on other data, and now on the same, where it is better
    sagemaker.job()
    put_report(s3, testVersion="000000000000")
    metrics = {**LIVE["metrics"], "accuracy": 1.0}
    put_report(s3, key="predictions/live/evaluation.json", metrics=metrics)

    evidence = _gather(
        live={**_FOUND, "kind": "otherData"}, liveReportKey="predictions/live/evaluation.json"
    )

    # Then the new measure is the one that counts, and the gate knows it
    assert evidence.live
    assert evidence.live.compared_anew
    assert evidence.live.report_key == "predictions/live/evaluation.json"
    assert evidence.comparison == "worse than live"
    assert not evidence.gate.passed
    assert "the live model has 100.0 %" in evidence.gate.summary


def test_a_model_below_the_limits_does_not_pass(sagemaker: SageMaker, s3: S3Client) -> None:
    sagemaker.job()
    put_report(s3)
    metrics = {"accuracy": 0.55, "macroF1": 0.5, "worstRecall": 0.9}

    gate = _gather(evaluation={**_EVENT["evaluation"], "metrics": metrics}).gate

    assert not gate.passed
    assert "Accuracy is 55.0 %, but must be at least 60.0 %" in gate.summary


@pytest.mark.parametrize(
    ("live", "problem"),
    [
        ({"kind": "unknown", "problem": "It is\nin state Failed."}, "It is in state Failed."),
        ({"kind": "unknown"}, "not measured on the held-out data of today"),
        ({**_FOUND, "kind": "otherData"}, "not measured on the held-out data of today"),
    ],
)
def test_what_cannot_be_compared_is_said(
    sagemaker: SageMaker,
    s3: S3Client,
    live: dict[str, Any],
    problem: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sagemaker.job()
    put_report(s3)

    evidence = _gather(live=live)

    assert evidence.live is None
    assert problem in evidence.live_problem
    assert problem in evidence.gate.summary
    assert evidence.gate.passed
    assert evidence.comparison == "not compared with live"
    assert '"event": "liveModelNotCompared"' in capsys.readouterr().out


def test_a_report_that_is_gone_is_said(sagemaker: SageMaker, s3: S3Client) -> None:  # noqa: ARG001
    sagemaker.job()

    evidence = _gather()

    assert evidence.live is None
    assert "NoSuchKey" in evidence.live_problem
    assert _FOUND["commitId"] in evidence.live_problem


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"testVersion": "000000000000"}, "other held-out data"),
        (
            {"task": "regression", "metrics": {"rmse": 1.0, "mae": 1.0, "r2": None}},
            "does regression, the new one classification",
        ),
        ({"classes": [{"label": "a"}]}, "not a report"),
        ({"classes": [{**LIVE["classes"][0], "f1": float("nan")}]}, "not a report"),
        ({"metrics": {**LIVE["metrics"], "accuracy": float("nan")}}, "not a report"),
    ],
)
def test_figures_that_are_not_about_the_same_are_not_compared(
    sagemaker: SageMaker, s3: S3Client, changes: dict[str, Any], words: str
) -> None:
    sagemaker.job()
    put_report(s3, **changes)

    evidence = _gather()

    assert evidence.live is None
    assert words in evidence.live_problem


def test_a_report_with_many_classes_gives_its_figures(sagemaker: SageMaker, s3: S3Client) -> None:
    sagemaker.job()
    put_report(s3, classes=[{**LIVE["classes"][0], "label": str(i)} for i in range(21)])

    live = _gather().live

    assert live
    assert live.classes is None
    assert live.metrics == LIVE["metrics"]


def test_throttling_of_the_own_job_is_tried_again(sagemaker: SageMaker) -> None:
    sagemaker.error("describe_training_job", "ThrottlingException")

    with pytest.raises(TransientError):
        _gather()


def test_a_report_that_cannot_be_read_for_now_is_tried_again(sagemaker: SageMaker) -> None:
    # The gate must not do without a comparison for that.
    sagemaker.job()
    with Stubber(aws.s3()) as s3:
        s3.add_client_error("get_object", "SlowDown", http_status_code=503)

        with pytest.raises(TransientError, match="SlowDown"):
            _gather()


def test_digest_of_a_tagged_image_comes_from_its_repository(
    sagemaker: SageMaker, s3: S3Client
) -> None:
    sagemaker.job()
    put_report(s3)
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
    sagemaker.job()
    put_report(s3)

    assert _gather(imageUri=uri).image_digest == ""


@pytest.mark.parametrize("field", [name for name in _EVENT if name != "liveReportKey"])
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: None}, None)


@pytest.mark.parametrize("live", [{}, {"kind": "better"}, {"kind": "none", "problem": 5}])
def test_a_finding_that_is_none_is_refused(live: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError):
        handle({**_EVENT, "live": live}, None)


def test_nothing_of_the_data_is_logged(
    sagemaker: SageMaker, s3: S3Client, capsys: pytest.CaptureFixture[str]
) -> None:
    sagemaker.job()
    put_report(s3)

    _gather()

    lines: list[dict[str, Any]] = [json.loads(x) for x in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["evidenceGathered"]
    assert _EVENT["evaluation"]["sampleRow"] not in json.dumps(lines)
