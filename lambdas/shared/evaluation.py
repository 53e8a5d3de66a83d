"""The evaluation of a model: what the workflow hands from one function to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared import fields


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
class Evaluation:
    """The bounded summary of an evaluation.

    classes and confusion_matrix are None when there are too many classes for a Step Functions
    payload (256 KiB); the report at report_key then has them.
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """

    rows: int
    accuracy: float
    macro_f1: float
    classes: tuple[ClassScore, ...] | None
    confusion_matrix: ConfusionMatrix | None
    report_key: str
    sample_row: str
    sample_prediction: str

    def to_json(self) -> dict[str, Any]:
        """The summary as a JSON object, keys in camelCase as in the workflow."""
        matrix = self.confusion_matrix
        return {
            "rows": self.rows,
            "accuracy": self.accuracy,
            "macroF1": self.macro_f1,
            "classes": None if self.classes is None else [c.to_json() for c in self.classes],
            "confusionMatrix": None if matrix is None else matrix.to_json(),
            "reportKey": self.report_key,
            "sampleRow": self.sample_row,
            "samplePrediction": self.sample_prediction,
        }

    @classmethod
    def from_json(cls, event: Mapping[str, Any]) -> Self:
        """Read a summary that to_json wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        classes = event.get("classes")
        matrix = event.get("confusionMatrix")
        return cls(
            rows=fields.whole_number(event, "rows"),
            accuracy=fields.number(event, "accuracy"),
            macro_f1=fields.number(event, "macroF1"),
            classes=None if classes is None else tuple(_scores(classes)),
            confusion_matrix=None if matrix is None else _matrix(matrix),
            report_key=fields.text(event, "reportKey"),
            sample_row=fields.text(event, "sampleRow"),
            sample_prediction=fields.text(event, "samplePrediction"),
        )


def _scores(value: object) -> list[ClassScore]:
    return [
        ClassScore(
            label=fields.text(item, "label"),
            precision=fields.number(item, "precision"),
            recall=fields.number(item, "recall"),
            f1=fields.number(item, "f1"),
            support=fields.whole_number(item, "support"),
        )
        for item in _objects(value)
    ]


def _objects(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise fields.InvalidEventError("Field 'classes' must be null or a list of objects.")
    return value


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
