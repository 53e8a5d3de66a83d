"""The evaluation of a model: what the workflow hands from one function to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from shared import fields
from shared.metrics import HEADLINE, Task, metrics_from_json, task_from_json

# Together they leave room in a Step Functions payload of 256 KiB, however foreign the labels are.
MAX_SUMMARY_CLASSES = 20
MAX_SUMMARY_LABEL_CHARACTERS = 200
MAX_SUMMARY_BYTES = 44_000
MAX_MISTAKES = 10
MAX_PREDICTION_KEYS = 10
MAX_POINTS = 200


# (actual, predicted)
Point = tuple[float, float]


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class, each from 0 to 1; support is its number of held-out rows."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int

    def to_json(self) -> dict[str, Any]:
        """The score as a JSON object."""
        return {
            "label": self.label,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "support": self.support,
        }


@dataclass(frozen=True)
class ConfusionMatrix:
    """counts[i][j]: rows of class labels[i] that were predicted as labels[j]."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """The matrix as a JSON object."""
        return {"labels": list(self.labels), "counts": [list(row) for row in self.counts]}


@dataclass(frozen=True)
class Mistake:
    """One held-out row that the model got wrong; long texts are cut.

    place names object and line for a person: "iris.csv, line 12". features is CSV.
    """

    place: str
    actual: str
    predicted: str
    features: str

    def to_json(self) -> dict[str, Any]:
        """The mistake as a JSON object."""
        return {
            "place": self.place,
            "actual": self.actual,
            "predicted": self.predicted,
            "features": self.features,
        }


@dataclass(frozen=True)
class Evaluation:
    """The bounded summary of an evaluation.

    metrics are those of the task (shared.metrics); None is one that is not defined for these rows,
    as R² is when all labels are the same.

    classes and confusion_matrix are None when there are too many classes for a Step Functions
    payload (256 KiB); the report at report_key then has them.
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html

    Regression has no classes, but points: at most 200 rows as (actual, predicted), chosen evenly
    over all rows.

    mistakes are at most ten. Classification: one of each of the most frequent confusions before a
    second one of any, the rows of one confusion beside each other. Regression: those with the
    largest absolute error, largest first. prediction_keys are S3 keys of what the batch transform
    wrote, at most ten of its prediction_objects.
    """

    task: Task
    rows: int
    metrics: Mapping[str, float | None]
    classes: tuple[ClassScore, ...] | None
    confusion_matrix: ConfusionMatrix | None
    points: tuple[Point, ...] | None
    report_key: str
    sample_row: str
    sample_prediction: str
    mistakes: tuple[Mistake, ...]
    prediction_keys: tuple[str, ...]
    prediction_objects: int

    @property
    def headline(self) -> float | None:
        """The value of the metric that stands for the whole: accuracy, or RMSE."""
        return self.metrics[HEADLINE[self.task]]

    def bounded(self) -> Self:
        """The evaluation without classes and matrix if they are too large to travel."""
        if self.classes is None or small_enough(
            self.classes, self.confusion_matrix, max_bytes=MAX_SUMMARY_BYTES
        ):
            return self
        return replace(self, classes=None, confusion_matrix=None)

    def to_json(self) -> dict[str, Any]:
        """The summary as a JSON object, keys in camelCase as in the workflow."""
        matrix = self.confusion_matrix
        return {
            "task": self.task,
            "rows": self.rows,
            "metrics": dict(self.metrics),
            "classes": scores_to_json(self.classes),
            "confusionMatrix": None if matrix is None else matrix.to_json(),
            "points": points_to_json(self.points),
            "reportKey": self.report_key,
            "sampleRow": self.sample_row,
            "samplePrediction": self.sample_prediction,
            "mistakes": [mistake.to_json() for mistake in self.mistakes],
            "predictionKeys": list(self.prediction_keys),
            "predictionObjects": self.prediction_objects,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read a summary that to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        matrix = event.get("confusionMatrix")
        task = task_from_json(event)
        return cls(
            task=task,
            rows=fields.whole_number(event, "rows"),
            metrics=metrics_from_json(event, task=task),
            classes=scores_from_json(event),
            confusion_matrix=None if matrix is None else _matrix(matrix),
            points=points_from_json(event),
            report_key=fields.text(event, "reportKey"),
            sample_row=fields.text(event, "sampleRow"),
            sample_prediction=fields.text(event, "samplePrediction"),
            mistakes=tuple(_mistake(item) for item in fields.objects(event, "mistakes")),
            prediction_keys=fields.texts(event, "predictionKeys"),
            prediction_objects=fields.whole_number(event, "predictionObjects"),
        )


def scores_to_json(scores: tuple[ClassScore, ...] | None) -> list[dict[str, Any]] | None:
    """The scores of all classes as JSON, None as null."""
    return None if scores is None else [score.to_json() for score in scores]


def scores_from_json(event: Mapping[str, Any]) -> tuple[ClassScore, ...] | None:
    """The scores in field `classes`; None when it is missing or null.

    Raises:
        InvalidEventError: a score lacks a field.
    """
    if event.get("classes") is None:
        return None
    return tuple(
        ClassScore(
            label=fields.text(item, "label"),
            precision=fields.number(item, "precision"),
            recall=fields.number(item, "recall"),
            f1=fields.number(item, "f1"),
            support=fields.whole_number(item, "support"),
        )
        for item in fields.objects(event, "classes")
    )


def points_to_json(points: tuple[Point, ...] | None) -> list[list[float]] | None:
    """The points as JSON, None as null."""
    return None if points is None else [list(point) for point in points]


def points_from_json(event: Mapping[str, Any]) -> tuple[Point, ...] | None:
    """The points in field `points`; None when it is missing or null.

    Raises:
        InvalidEventError: a point is not two numbers.
    """
    points = event.get("points")
    if points is None:
        return None
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        raise fields.InvalidEventError("Field 'points' must be null or [[actual, predicted]].")
    return tuple((float(actual), float(predicted)) for actual, predicted in points)


def _is_point(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(n, int | float) and not isinstance(n, bool) for n in value)
    )


def small_enough(
    scores: tuple[ClassScore, ...], matrix: ConfusionMatrix | None, *, max_bytes: int
) -> bool:
    """Whether scores (and matrix) may travel: few classes, short labels, *max_bytes* of JSON."""
    if len(scores) > MAX_SUMMARY_CLASSES:
        return False
    if any(len(score.label) > MAX_SUMMARY_LABEL_CHARACTERS for score in scores):
        return False
    tables = [scores_to_json(scores), matrix.to_json() if matrix else None]
    return len(json.dumps(tables)) <= max_bytes


def _mistake(item: Mapping[str, Any]) -> Mistake:
    return Mistake(
        place=fields.text(item, "place"),
        actual=fields.optional_text(item, "actual"),
        predicted=fields.optional_text(item, "predicted"),
        features=fields.optional_text(item, "features"),
    )


def _matrix(value: object) -> ConfusionMatrix:
    problem = fields.InvalidEventError(
        "Field 'confusionMatrix' must be null or {labels: [text], counts: [[number]]}, square."
    )
    if not isinstance(value, Mapping):
        raise problem
    labels, counts = value.get("labels"), value.get("counts")
    if not isinstance(labels, list) or not isinstance(counts, list) or len(labels) != len(counts):
        raise problem
    for row in counts:
        if not isinstance(row, list) or len(row) != len(labels):
            raise problem
        if not all(isinstance(count, int | float) for count in row):
            raise problem
    return ConfusionMatrix(
        labels=tuple(str(label) for label in labels),
        counts=tuple(tuple(int(count) for count in row) for row in counts),
    )
