"""Evidence fits into the workflow and into the table, whatever the data says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from gather_evidence.handler import handle
from shared.evidence import Evidence

from tests.unit.lambdas import events
from tests.unit.lambdas.live_report import GATE, emulated_bucket, put_report
from tests.unit.lambdas.sagemaker_answers import SageMaker

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT = events.load("gather_evidence")
_FOUND = _EVENT["live"]


@pytest.fixture(autouse=True)
def _gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE", GATE)


@pytest.fixture
def s3(sagemaker: SageMaker) -> Iterator[S3Client]:  # noqa: ARG001 - stubbed before moto begins
    with emulated_bucket(_EVENT["bucket"]) as client:
        yield client


def _gather(**changes: object) -> Evidence:
    answer = handle({**_EVENT, **changes}, None)
    return Evidence.from_json(json.loads(json.dumps(answer, allow_nan=False)))


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
    live = {**_FOUND, "commitId": wide * 2000, "modelPackageArn": wide * 2000}
    sagemaker.job(HyperParameters=hyperparameters)
    put_report(s3, classes=tables["classes"])

    # When it is gathered
    evidence = _gather(evaluation=evaluation, live=live)

    # Then it fits, and tells what it left off
    assert len(json.dumps(evidence.to_json())) <= 150_000
    assert evidence.live
    assert evidence.live.classes is not None
    shown = len(evidence.hyperparameters)
    assert shown > 0
    assert shown + evidence.hyperparameters_left_off == 100


def test_evidence_of_a_regression_is_bounded_too(sagemaker: SageMaker, s3: S3Client) -> None:
    # Given as many points as there may be, each as long as a number can be
    wide = "\N{GRINNING FACE}"
    mistake = {
        "place": wide * 40,
        "actual": wide * 21,
        "predicted": wide * 21,
        "features": wide * 100,
    }
    task: dict[str, Any] = {
        "task": "regression",
        "metrics": {"rmse": 1 / 3, "mae": 1 / 3, "r2": None},
    }
    evaluation = {
        **_EVENT["evaluation"],
        **task,
        "classes": None,
        "confusionMatrix": None,
        "points": [[-1.2345678901234567e-300, -1.2345678901234567e-300]] * 200,
        "mistakes": [mistake] * 10,
    }
    problem = wide * 5000
    sagemaker.job(HyperParameters={f"{i}{wide * 200}": wide * 2000 for i in range(100)})
    put_report(s3, **task, classes=None)

    # When it is gathered
    evidence = _gather(evaluation=evaluation, live={"kind": "unknown", "problem": problem})

    # Then it fits, with all points
    assert len(json.dumps(evidence.to_json())) <= 150_000
    assert evidence.evaluation.points
    assert len(evidence.evaluation.points) == 200
    assert len(evidence.live_problem) <= 500
