"""Classification metrics, as scikit-learn defines them with zero_division=0.

Precision, recall, F1: https://scikit-learn.org/stable/modules/model_evaluation.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.evaluation import ClassScore, ConfusionMatrix, Evaluation

from evaluate_predictions.predictions import NoPredictions, PredictedRow

# What fits into the workflow's payload of 256 KiB together with all the rest.
MAX_SUMMARY_CLASSES = 20
MAX_SUMMARY_LABEL_CHARACTERS = 200
MAX_SAMPLE_ROW_BYTES = 64 * 1024
# A full matrix of more classes would be mostly zeros and larger than the data.
MAX_MATRIX_CLASSES = 1000


class SampleRowTooLarge(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """No row is small enough to travel through the workflow to the smoke test."""


@dataclass(frozen=True)
class Metrics:
    """All metrics of one evaluation; classes are sorted by label.

    cells: (actual label, predicted label) to number of rows, without zeros.
    """

    rows: int
    accuracy: float
    macro_f1: float
    classes: tuple[ClassScore, ...]
    cells: dict[tuple[str, str], int]
    sample: PredictedRow

    def report(self) -> dict[str, Any]:
        """Everything, unrounded, for the report in S3."""
        labels = [score.label for score in self.classes]
        dense = len(labels) <= MAX_MATRIX_CLASSES
        cells = [[actual, guess, count] for (actual, guess), count in sorted(self.cells.items())]
        return {
            "rows": self.rows,
            "accuracy": self.accuracy,
            "macroF1": self.macro_f1,
            "classes": [score.to_json() for score in self.classes],
            "confusionMatrix": self.confusion_matrix().to_json() if dense else None,
            "confusionCells": None if dense else cells,
            "sampleRow": self.sample.features,
            "samplePrediction": self.sample.prediction,
        }

    def summary(self, *, report_key: str) -> Evaluation:
        """What travels through the workflow."""
        small = len(self.classes) <= MAX_SUMMARY_CLASSES and all(
            len(score.label) <= MAX_SUMMARY_LABEL_CHARACTERS for score in self.classes
        )
        return Evaluation(
            rows=self.rows,
            accuracy=self.accuracy,
            macro_f1=self.macro_f1,
            classes=self.classes if small else None,
            confusion_matrix=self.confusion_matrix() if small else None,
            report_key=report_key,
            sample_row=self.sample.features,
            sample_prediction=self.sample.prediction,
        )

    def confusion_matrix(self) -> ConfusionMatrix:
        """Rows are the true classes, columns the predicted ones."""
        labels = tuple(score.label for score in self.classes)
        counts = tuple(tuple(self.cells.get((a, p), 0) for p in labels) for a in labels)
        return ConfusionMatrix(labels=labels, counts=counts)


def measure(rows: Iterable[PredictedRow]) -> Metrics:
    """Count the rows in one pass and compute the metrics.

    Raises:
        NoPredictions: there is no row.
        SampleRowTooLarge: every row is larger than 64 KiB.
    """
    cells: Counter[tuple[str, str]] = Counter()
    sample: PredictedRow | None = None
    for row in rows:
        cells[row.label, row.prediction] += 1
        if sample is None and len(row.features.encode()) <= MAX_SAMPLE_ROW_BYTES:
            sample = row
    total = cells.total()
    if not total:
        raise NoPredictions(
            "The batch transform wrote no rows. Put held-out data under test/ in the data bucket "
            "(CSV, label first, no header) and release again."
        )
    if sample is None:
        raise SampleRowTooLarge(
            f"Every held-out row is larger than {MAX_SAMPLE_ROW_BYTES} bytes. Add at least one "
            "smaller row: the workflow carries one to the smoke test."
        )
    classes = _scores(cells)
    return Metrics(
        rows=total,
        accuracy=sum(count for (actual, guess), count in cells.items() if actual == guess) / total,
        macro_f1=sum(score.f1 for score in classes) / len(classes),
        classes=classes,
        cells=dict(cells),
        sample=sample,
    )


def _scores(cells: Counter[tuple[str, str]]) -> tuple[ClassScore, ...]:
    support: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for (actual, guess), count in cells.items():
        support[actual] += count
        predicted[guess] += count
    scores = []
    for label in sorted(support.keys() | predicted.keys()):
        hits = cells[label, label]
        scores.append(
            ClassScore(
                label=label,
                precision=_ratio(hits, predicted[label]),
                recall=_ratio(hits, support[label]),
                # 2PR / (P + R), written so that it needs no case for P = R = 0.
                f1=_ratio(2 * hits, predicted[label] + support[label]),
                support=support[label],
            )
        )
    return tuple(scores)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
