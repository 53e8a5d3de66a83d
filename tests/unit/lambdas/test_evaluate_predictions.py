"""Evaluation: the same numbers as scikit-learn, and clear errors for what cannot be evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from evaluate_predictions.handler import handle
from evaluate_predictions.metrics import (
    MAX_SAMPLE_ROW_BYTES,
    Metrics,
    SampleRowTooLarge,
    measure,
)
from evaluate_predictions.predictions import (
    MalformedPredictions,
    NoPredictions,
    PredictedRow,
    read_rows,
)
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from shared.evaluation import Evaluation
from shared.evidence import DataVersion
from shared.fields import InvalidEventError

from tests.unit.lambdas import events

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DATA = Path(__file__).parent / "data"
_EVENT = events.load("evaluate_predictions")
_BUCKET, _PREFIX = _EVENT["bucket"], _EVENT["predictionsPrefix"]


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield client


def _expected() -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((_DATA / "expected-metrics.json").read_text())
    return expected


def _put(s3: S3Client, name: str, content: bytes) -> None:
    s3.put_object(Bucket=_BUCKET, Key=_PREFIX + name, Body=content)


def _row(label: str, prediction: str, *, features: str = "1", line: int = 1) -> PredictedRow:
    return PredictedRow(
        label=label, features=features, prediction=prediction, key="p/test.csv.out", line=line
    )


def _summary(metrics: Metrics, *, keys: tuple[str, ...] = ("p/test.csv.out",)) -> Evaluation:
    return metrics.summary(
        report_key="report.json", prediction_keys=keys, prediction_objects=len(keys)
    )


def _rows(*lines: bytes) -> list[PredictedRow]:
    return list(read_rows([("p/test.csv.out", lines)]))


def test_equals_scikit_learn_over_several_objects(s3: S3Client) -> None:
    # Given predictions in two objects, with quoted labels, CRLF, a class that is never predicted
    # and one that is only predicted, next to an object that is no prediction
    for path in _DATA.glob("*.out"):
        _put(s3, path.name, path.read_bytes())
    _put(s3, "notes.txt", b"no prediction")

    # When they are evaluated
    summary = handle(_EVENT, None)

    # Then every number is scikit-learn's
    expected = _expected()
    assert summary["rows"] == expected["rows"]
    assert summary["accuracy"] == pytest.approx(expected["accuracy"], abs=1e-15)
    assert summary["macroF1"] == pytest.approx(expected["macroF1"], abs=1e-15)
    assert summary["confusionMatrix"] == expected["confusionMatrix"]
    for ours, theirs in zip(summary["classes"], expected["classes"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-15)
    assert summary["sampleRow"] == expected["sampleRow"]
    assert summary["samplePrediction"] == expected["samplePrediction"]


def test_report_holds_what_the_summary_says(s3: S3Client) -> None:
    _put(s3, "test.csv.out", b"a,1,a\nb,2,a\n")

    summary = handle(_EVENT, None)

    answer = s3.get_object(Bucket=_BUCKET, Key=_EVENT["reportKey"])
    report = json.loads(answer["Body"].read())
    assert answer["ContentType"] == "application/json"
    assert summary["reportKey"] == _EVENT["reportKey"]
    for key in ("rows", "accuracy", "macroF1", "classes", "confusionMatrix", "sampleRow"):
        assert report[key] == summary[key]
    assert report["mistakes"] == summary["mistakes"] != []


def test_report_names_the_version_of_its_data(s3: S3Client) -> None:
    _put(s3, "test.csv.out", b"a,1,a\n")

    handle(_EVENT, None)

    report = json.loads(s3.get_object(Bucket=_BUCKET, Key=_EVENT["reportKey"])["Body"].read())
    assert report["dataVersion"] == _EVENT["data"]["version"]
    assert report["testVersion"] == _EVENT["data"]["testVersion"]


def test_mistake_names_the_held_out_object_and_its_line(s3: S3Client) -> None:
    _put(s3, "more/iris.csv.out", b'a,1,a\n\na,"2,5",3,b\n'.replace(b"a,1,a", b"a,1,1,a"))

    mistakes = handle(_EVENT, None)["mistakes"]

    assert mistakes == [
        {
            "place": "more/iris.csv, line 3",
            "actual": "a",
            "predicted": "b",
            "features": '"2,5",3',
        }
    ]


def test_first_ten_prediction_objects_are_named_and_all_counted(s3: S3Client) -> None:
    for i in range(12):
        _put(s3, f"{i:02d}.csv.out", b"a,1,a\n")

    summary = handle(_EVENT, None)

    assert summary["predictionKeys"] == [f"{_PREFIX}{i:02d}.csv.out" for i in range(10)]
    assert summary["predictionObjects"] == 12


def test_keys_that_would_not_fit_are_only_counted(s3: S3Client) -> None:
    # Given keys that are short as S3 counts, and long as JSON does
    for i in range(10):
        _put(s3, f"{i}" + "\x01" * 900 + ".out", b"a,1,a\n")

    summary = handle(_EVENT, None)

    assert summary["predictionObjects"] == 10
    assert 1 <= len(summary["predictionKeys"]) < 10
    assert len(json.dumps(summary["predictionKeys"])) <= 16_000


def test_many_classes_stay_in_the_report_only(s3: S3Client) -> None:
    _put(s3, "test.csv.out", b"".join(b"c%02d,1,c%02d\n" % (i, i) for i in range(21)))

    summary = handle(_EVENT, None)

    report = json.loads(s3.get_object(Bucket=_BUCKET, Key=_EVENT["reportKey"])["Body"].read())
    assert summary["classes"] is None
    assert summary["confusionMatrix"] is None
    assert len(report["classes"]) == 21
    assert len(report["confusionMatrix"]["counts"]) == 21


def test_summary_of_twenty_wide_classes_fits_a_payload() -> None:
    # Given the largest case that the summary still shows in full
    labels = [f"{i:02d}" + "ü" * 140 for i in range(20)]
    features = "9" * (MAX_SAMPLE_ROW_BYTES - 2)
    rows = [_row(a, b, features=features) for a in labels for b in labels]

    summary = _summary(measure(rows), keys=("k" * 1600,) * 10)

    assert summary.classes is not None
    assert len(json.dumps(summary.to_json())) < 200 * 1024


def test_tables_too_wide_for_a_payload_stay_in_the_report_only() -> None:
    labels = [f"{i:02d}" + "ü" * 198 for i in range(20)]

    summary = _summary(measure(_row(a, a) for a in labels))

    assert summary.classes is None
    assert summary.confusion_matrix is None


def test_thousands_of_classes_are_reported_sparsely() -> None:
    rows = [_row(str(i), "x") for i in range(1001)]

    report = measure(rows).report(DataVersion.from_json(_EVENT["data"]))

    assert report["confusionMatrix"] is None
    assert ["7", "x", 1] in report["confusionCells"]


def test_no_object_is_no_predictions(s3: S3Client) -> None:
    s3.put_object(Bucket=_BUCKET, Key=_PREFIX + "test.csv", Body=b"a,1,a\n")

    with pytest.raises(NoPredictions, match=f"s3://{_BUCKET}/{_PREFIX}"):
        handle(_EVENT, None)


def test_empty_objects_are_no_predictions(s3: S3Client) -> None:
    _put(s3, "test.csv.out", b"\n\r\n")

    with pytest.raises(NoPredictions, match="no rows"):
        handle(_EVENT, None)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([b"a,1,a", b"a,1"], "line 2 has 2 fields, the first row has 3"),
        ([b"a,1,a", b"", b"a,1,2,a"], "line 3 has 4 fields"),
        ([b"a"], "line 1 lacks"),
        ([b"a,a"], "line 1 lacks"),
        ([b"a,1, "], "line 1 lacks"),
        ([b",1,a"], "line 1 lacks"),
        ([b'a,1,"a'], "line 1 is not valid CSV"),
        ([b"a,1,\xff"], "line 1 is not UTF-8"),
    ],
)
def test_malformed_line_is_named(lines: list[bytes], complaint: str) -> None:
    with pytest.raises(MalformedPredictions, match=complaint) as raised:
        _rows(*lines)
    assert "p/test.csv.out" in str(raised.value)


def test_byte_order_mark_is_no_part_of_the_label() -> None:
    assert _rows(b"\xef\xbb\xbfa,1,a")[0].label == "a"


def test_row_too_large_for_the_workflow_is_not_the_sample() -> None:
    # 12 bytes of JSON each: what counts is what the workflow carries
    large = _row("a", "a", features="\N{GRINNING FACE}" * (MAX_SAMPLE_ROW_BYTES // 12 + 1))
    small = _row("a", "b")

    assert measure([large, small]).sample == small
    with pytest.raises(SampleRowTooLarge, match="smaller row"):
        measure([large])


@pytest.mark.parametrize("field", ["bucket", "predictionsPrefix", "reportKey", "data"])
def test_missing_field_names_itself(field: str) -> None:
    with pytest.raises(InvalidEventError, match=field):
        handle({**_EVENT, field: None}, None)


_LABELS = st.sampled_from(["a", "b", "c", "d"])


@given(st.lists(st.tuples(_LABELS, _LABELS), min_size=1))
def test_metrics_hold_together(pairs: list[tuple[str, str]]) -> None:
    metrics = measure(_row(a, p) for a, p in pairs)

    matrix = metrics.confusion_matrix()
    assert metrics.rows == len(pairs) == sum(map(sum, matrix.counts))
    assert metrics.accuracy == sum(a == p for a, p in pairs) / len(pairs)
    assert [sum(row) for row in matrix.counts] == [score.support for score in metrics.classes]
    for score in metrics.classes:
        assert 0 <= score.f1 <= max(score.precision, score.recall) <= 1


@given(st.lists(st.tuples(_LABELS, _LABELS), min_size=1))
def test_summary_survives_json(pairs: list[tuple[str, str]]) -> None:
    summary = _summary(measure(_row(a, p) for a, p in pairs))

    assert Evaluation.from_json(json.loads(json.dumps(summary.to_json()))) == summary
