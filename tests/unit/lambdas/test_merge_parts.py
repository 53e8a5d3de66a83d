"""Evaluation, step by step: scikit-learn's numbers, whatever the parts, and bounded results."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from evaluation import plan
from evaluation.errors import MalformedPredictions, NoPredictions
from merge_parts.handler import handle
from moto import mock_aws
from plan_evaluation import handler as plan_evaluation
from shared.evaluation import Evaluation
from shared.fields import InvalidEventError

from tests.unit.lambdas import evaluation_steps as steps

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DATA = Path(__file__).parent / "data"
_EVENT = steps.MERGE


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        yield steps.bucket()


@pytest.fixture(params=[None, 100])
def part_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int | None:
    """All in one part, or parts of at most so many bytes."""
    size: int | None = request.param
    if size:
        monkeypatch.setattr(plan, "_OBJECT_COST", 0)
        small = partial(plan.plan_parts, part_bytes=size)
        monkeypatch.setattr(plan_evaluation, "plan_parts", small)
    return size


def _expected(name: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((_DATA / f"expected-{name}.json").read_text())
    return expected


def _put_all(s3: S3Client, folder: Path) -> int:
    paths = list(folder.glob("*.out"))
    for path in paths:
        steps.put(s3, path.name, path.read_bytes())
    return sum(path.stat().st_size for path in paths)


def test_classification_equals_scikit_learn(s3: S3Client, part_bytes: int | None) -> None:
    # Given predictions in two objects, with quoted labels, CRLF, a class that is never predicted
    # and one that is only predicted, next to an object that is no prediction
    size = _put_all(s3, _DATA)
    steps.put(s3, "notes.txt", b"no prediction")

    # When they are evaluated
    summary = steps.evaluate()

    # Then every number is scikit-learn's
    expected = _expected("metrics")
    assert summary["rows"] == expected["rows"]
    assert summary["metrics"] == pytest.approx(
        {
            "accuracy": expected["accuracy"],
            "macroF1": expected["macroF1"],
            # That of a class without rows does not count
            "worstRecall": min(s["recall"] for s in expected["classes"] if s["support"]),
        },
        abs=1e-15,
    )
    assert summary["confusionMatrix"] == expected["confusionMatrix"]
    for ours, theirs in zip(summary["classes"], expected["classes"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-15)
    assert summary["sampleRow"] == expected["sampleRow"]
    assert summary["samplePrediction"] == expected["samplePrediction"]
    # And there were as many parts as meant
    parts = steps.get_json(s3, _EVENT["planKey"])["parts"]
    assert len(parts) == (-(-size // part_bytes) if part_bytes else 1)


@pytest.mark.usefixtures("part_bytes")
def test_regression_equals_scikit_learn(s3: S3Client) -> None:
    # Given numbers as labels, with quoted features, in two objects
    _put_all(s3, _DATA / "regression")

    summary = steps.evaluate("regression")

    expected = _expected("regression")
    assert summary["task"] == "regression"
    assert summary["rows"] == expected["rows"]
    assert summary["metrics"] == pytest.approx(expected["metrics"], rel=1e-12)
    assert summary["classes"] is None
    assert summary["confusionMatrix"] is None
    assert 80 <= len(summary["points"]) <= 90
    assert len(summary["mistakes"]) == 10


@pytest.mark.usefixtures("part_bytes")
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_report_holds_what_the_summary_says(s3: S3Client, task: str) -> None:
    steps.put(s3, "test.csv.out", b"1,1,1\n2,2,1\n" * 20)

    summary = steps.evaluate(task)

    answer = s3.get_object(Bucket=steps.BUCKET, Key=_EVENT["reportKey"])
    report = json.loads(answer["Body"].read())
    assert answer["ContentType"] == "application/json"
    assert summary["reportKey"] == _EVENT["reportKey"]
    assert summary["mistakes"] != []
    assert {name: report[name] for name in summary} == summary
    assert Evaluation.from_json(report).to_json() == summary


def test_report_names_the_version_of_its_data(s3: S3Client) -> None:
    steps.put(s3, "test.csv.out", b"a,1,a\n")

    steps.evaluate()

    report = steps.get_json(s3, _EVENT["reportKey"])
    assert report["dataVersion"] == _EVENT["data"]["version"]
    assert report["testVersion"] == _EVENT["data"]["testVersion"]


@pytest.mark.usefixtures("part_bytes")
def test_mistake_names_the_held_out_object_and_its_line(s3: S3Client) -> None:
    right = b'a,"1,0",1,a\r\n' * 30
    steps.put(s3, "more/iris.csv.out", right + b'\na,"2,5",3,b\n' + right)
    steps.put(s3, "z.csv.out", right + b"b,1,2,a")

    mistakes = steps.evaluate()["mistakes"]

    assert mistakes == [
        {
            "place": "more/iris.csv, line 32",
            "actual": "a",
            "predicted": "b",
            "features": '"2,5",3',
        },
        {"place": "z.csv, line 31", "actual": "b", "predicted": "a", "features": "1,2"},
    ]


@pytest.mark.usefixtures("part_bytes")
def test_malformed_line_is_named_by_its_object_and_line(s3: S3Client) -> None:
    steps.put(s3, "0.csv.out", b"a,1,a\n" * 100)
    steps.put(s3, "1.csv.out", b"a,1,a\n" * 70 + b"a,1,2,a\n" + b"a\n" * 50)

    with pytest.raises(MalformedPredictions) as raised:
        steps.evaluate()

    assert str(raised.value).startswith(
        f"{steps.PREFIX}1.csv.out, line 71 has 4 fields, the first row has 3."
    )


def test_first_ten_prediction_objects_are_named_and_all_counted(s3: S3Client) -> None:
    for i in range(12):
        steps.put(s3, f"{i:02d}.csv.out", b"a,1,a\n")

    summary = steps.evaluate()

    assert summary["predictionKeys"] == [f"{steps.PREFIX}{i:02d}.csv.out" for i in range(10)]
    assert summary["predictionObjects"] == 12


def test_many_classes_stay_in_the_report_only(s3: S3Client) -> None:
    steps.put(s3, "test.csv.out", b"".join(b"c%02d,1,c%02d\n" % (i, i) for i in range(21)))

    summary = steps.evaluate()

    report = steps.get_json(s3, _EVENT["reportKey"])
    assert summary["classes"] is None
    assert summary["confusionMatrix"] is None
    assert len(report["classes"]) == 21
    assert len(report["confusionMatrix"]["counts"]) == 21
    assert report["confusionCells"] is None


def test_thousands_of_classes_are_reported_sparsely(s3: S3Client) -> None:
    steps.put(s3, "test.csv.out", b"".join(b"%d,1,x\n" % i for i in range(1001)))

    steps.evaluate()

    report = steps.get_json(s3, _EVENT["reportKey"])
    assert report["confusionMatrix"] is None
    assert len(report["confusionCells"]) == 1001
    assert ["7", "x", 1] in report["confusionCells"]


def test_blank_lines_are_no_predictions(s3: S3Client) -> None:
    steps.put(s3, "test.csv.out", b"\n\r\n")

    with pytest.raises(NoPredictions, match="no rows"):
        steps.evaluate()


@pytest.mark.parametrize(
    "field",
    [
        "bucket",
        "predictionsPrefix",
        "planKey",
        "plan",
        "partialsPrefix",
        "reportKey",
        "data",
        "task",
    ],
)
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: None}, None)
