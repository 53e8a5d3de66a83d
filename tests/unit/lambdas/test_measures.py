"""The measures themselves: they hold together, stay accurate, and fit into a payload."""

from __future__ import annotations

import json
import math
import random

import pytest
from evaluation.partial import MAX_SAMPLE_ROW_BYTES
from evaluation.report import Predictions, Result
from hypothesis import given
from hypothesis import strategies as st
from shared.evaluation import Evaluation
from shared.fields import InvalidEventError

from tests.unit.lambdas.predicted_objects import evaluate


def _summary(result: Result, *, key: str = "p/test.csv.out") -> Evaluation:
    predictions = Predictions(keys=(key,) * 10, objects=10)
    return result.evaluation(report_key="report.json", predictions=predictions).bounded()


def _content(pairs: list[tuple[str, str]], *, features: str = "1") -> bytes:
    return "".join(f"{actual},{features},{guess}\n" for actual, guess in pairs).encode()


_LABELS = st.sampled_from(["a", "b", "c", "d"])


@given(st.lists(st.tuples(_LABELS, _LABELS), min_size=1))
def test_measures_hold_together(pairs: list[tuple[str, str]]) -> None:
    evaluation = _summary(evaluate(_content(pairs)))

    matrix, classes = evaluation.confusion_matrix, evaluation.classes
    assert matrix is not None
    assert classes is not None
    assert evaluation.rows == len(pairs) == sum(map(sum, matrix.counts))
    assert evaluation.headline == sum(a == p for a, p in pairs) / len(pairs)
    assert [sum(row) for row in matrix.counts] == [score.support for score in classes]
    for score in classes:
        assert 0 <= score.f1 <= max(score.precision, score.recall) <= 1
    seen = {actual for actual, _ in pairs}
    worst = min(score.recall for score in classes if score.label in seen)
    assert evaluation.metrics["worstRecall"] == worst


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1), st.booleans())
def test_summary_survives_json(pairs: list[tuple[int, int]], regression: bool) -> None:
    content = _content([(str(actual), str(guess)) for actual, guess in pairs])

    summary = _summary(evaluate(content, task="regression" if regression else "classification"))

    assert Evaluation.from_json(json.loads(json.dumps(summary.to_json()))) == summary


def test_summary_of_twenty_wide_classes_fits_a_payload() -> None:
    # Given the largest case that the summary still shows in full
    labels = [f"{i:02d}" + "ü" * 140 for i in range(20)]
    features = "9" * (MAX_SAMPLE_ROW_BYTES - 2)
    pairs = [(a, b) for a in labels for b in labels]

    summary = _summary(evaluate(_content(pairs, features=features), pieces=100_000), key="k" * 1600)

    assert summary.classes is not None
    assert len(json.dumps(summary.to_json())) < 150_000


def test_summary_of_many_numbers_fits_a_payload() -> None:
    pairs = [(repr(-math.pi * i), repr(math.e * i / 7)) for i in range(1, 2000)]
    features = "9" * (MAX_SAMPLE_ROW_BYTES - 2)

    result = evaluate(_content(pairs, features=features), task="regression", pieces=100_000)
    summary = _summary(result, key="k" * 1600)

    assert summary.points is not None
    assert len(summary.points) == 200
    assert len(json.dumps(summary.to_json())) < 150_000


def test_tables_too_wide_for_a_payload_are_left_out_of_the_summary() -> None:
    labels = [f"{i:02d}" + "ü" * 198 for i in range(20)]

    summary = _summary(evaluate(_content([(label, label) for label in labels])))

    assert summary.classes is None
    assert summary.confusion_matrix is None


def test_small_differences_of_large_labels_are_not_lost() -> None:
    # Given labels whose squares have more digits than a float
    numbers = random.Random(4)  # noqa: S311 - the same numbers each time
    labels = [1e9 + numbers.random() for _ in range(500)]
    pairs = [(repr(label), repr(label + numbers.gauss(0, 0.1))) for label in labels]
    content = _content(pairs)

    result = evaluate(content, task="regression", cuts=range(0, len(content), 97))

    mean = math.fsum(label - 1e9 for label in labels) / len(labels)
    spread = math.fsum((label - 1e9 - mean) ** 2 for label in labels)
    squares = math.fsum((float(guess) - float(label)) ** 2 for label, guess in pairs)
    assert result.measures.metrics["r2"] == pytest.approx(1 - squares / spread, rel=1e-6)


@pytest.mark.parametrize("label", ["0.1", "3", "1e9"])
def test_r2_of_labels_that_are_all_the_same_is_undefined(label: str) -> None:
    content = _content([(label, "2"), (label, "4")] * 50)

    metrics = evaluate(content, task="regression", cuts=range(0, len(content), 30)).measures.metrics

    assert metrics["r2"] is None
    assert metrics["mae"] == pytest.approx(
        (abs(float(label) - 2) + abs(float(label) - 4)) / 2, rel=1e-12
    )


def test_the_largest_errors_are_shown_largest_first_and_of_equal_ones_the_first() -> None:
    errors = [3, 1, 5, 5, 0, 2, 9, 1, 1, 1, 1, 1, 1, 0]
    content = _content([("10", str(10 + error)) for error in errors])

    for cuts in ([], [20], range(1, len(content))):
        mistakes = evaluate(content, task="regression", cuts=cuts).mistakes

        lines = [int(mistake.place.rpartition(" ")[2]) for mistake in mistakes]
        assert lines == [7, 3, 4, 1, 6, 2, 8, 9, 10, 11]
        assert (mistakes[0].actual, mistakes[0].predicted) == ("10", "19")


def test_what_is_right_is_no_mistake() -> None:
    assert evaluate(b"1,5,1.0\n2,5,2\n", task="regression").mistakes == ()


def test_points_are_rows_from_the_first_to_the_last() -> None:
    content = _content([(str(i), str(i + 0.5)) for i in range(10_000)])

    points = evaluate(content, task="regression", pieces=5000).measures.points

    assert points is not None
    assert len(points) == 200
    assert all(guess == actual + 0.5 for actual, guess in points)
    labels = [actual for actual, _ in points]
    assert labels == sorted(set(labels))
    gaps = [b - a for a, b in zip([0, *labels], [*labels, 10_000], strict=True)]
    assert max(gaps) < 100


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"metrics": {"rmse": 1}}, "'mae'"),
        ({"metrics": {"rmse": math.nan, "mae": 1, "r2": None}}, "'rmse' must be a finite"),
        ({"metrics": {"rmse": "1", "mae": 1, "r2": None}}, "'rmse' must be a number"),
        ({"task": "ranking"}, "classification, regression"),
        ({"points": [[1]]}, "'points'"),
        ({"points": [[1, True]]}, "'points'"),
    ],
)
def test_wrong_field_of_a_summary_is_named(change: dict[str, object], complaint: str) -> None:
    summary = _summary(evaluate(b"1,5,2\n", task="regression")).to_json()

    with pytest.raises(InvalidEventError, match=complaint):
        Evaluation.from_json({**summary, **change})
