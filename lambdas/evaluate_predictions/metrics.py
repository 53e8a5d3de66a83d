"""Classification metrics, as scikit-learn defines them with zero_division=0.

Precision, recall, F1: https://scikit-learn.org/stable/modules/model_evaluation.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.evaluation import (
    MAX_SUMMARY_BYTES,
    MAX_SUMMARY_CLASSES,
    ClassScore,
    ConfusionMatrix,
    Evaluation,
    Mistake,
    small_enough,
)
from shared.evidence import DataVersion

from evaluate_predictions.mistakes import MistakeSample
from evaluate_predictions.predictions import NoPredictions, PredictedRow

# As JSON; it fits into the workflow's payload of 256 KiB together with all the rest.
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
    mistakes: tuple[Mistake, ...]

    def report(self, data: DataVersion) -> dict[str, Any]:
        """Everything, unrounded, for the report in S3."""
        labels = [score.label for score in self.classes]
        dense = len(labels) <= MAX_MATRIX_CLASSES
        cells = [[actual, guess, count] for (actual, guess), count in sorted(self.cells.items())]
        return {
            "dataVersion": data.version,
            "testVersion": data.test_version,
            "rows": self.rows,
            "accuracy": self.accuracy,
            "macroF1": self.macro_f1,
            "classes": [score.to_json() for score in self.classes],
            "confusionMatrix": self.confusion_matrix().to_json() if dense else None,
            "confusionCells": None if dense else cells,
            "sampleRow": self.sample.features,
            "samplePrediction": self.sample.prediction,
            "mistakes": [mistake.to_json() for mistake in self.mistakes],
        }

    def summary(
        self, *, report_key: str, prediction_keys: tuple[str, ...], prediction_objects: int
    ) -> Evaluation:
        """What travels through the workflow."""
        few = len(self.classes) <= MAX_SUMMARY_CLASSES
        matrix = self.confusion_matrix() if few else None
        small = small_enough(self.classes, matrix, max_bytes=MAX_SUMMARY_BYTES)
        return Evaluation(
            rows=self.rows,
            accuracy=self.accuracy,
            macro_f1=self.macro_f1,
            classes=self.classes if small else None,
            confusion_matrix=matrix if small else None,
            report_key=report_key,
            sample_row=self.sample.features,
            sample_prediction=self.sample.prediction,
            mistakes=self.mistakes,
            prediction_keys=prediction_keys,
            prediction_objects=prediction_objects,
        )

    def confusion_matrix(self) -> ConfusionMatrix:
        """Rows are the true classes, columns the predicted ones."""
        labels = tuple(score.label for score in self.classes)
        counts = tuple(tuple(self.cells.get((a, p), 0) for p in labels) for a in labels)
        return ConfusionMatrix(labels=labels, counts=counts)


def measure(rows: Iterable[PredictedRow], *, prefix: str = "") -> Metrics:
    """Count the rows in one pass and compute the metrics; *prefix* begins every key.

    Raises:
        NoPredictions: there is no row.
        SampleRowTooLarge: every row is larger than 64 KiB as JSON.
    """
    cells: Counter[tuple[str, str]] = Counter()
    mistakes = MistakeSample(counts=cells, prefix=prefix)
    sample: PredictedRow | None = None
    for row in rows:
        cells[row.label, row.prediction] += 1
        if row.label != row.prediction:
            mistakes.add(row)
        if sample is None and len(json.dumps(row.features)) <= MAX_SAMPLE_ROW_BYTES:
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
        mistakes=mistakes.choose(),
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
