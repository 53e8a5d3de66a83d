"""The result of an evaluation: the whole report for S3, and the summary for the workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.evaluation import ClassScore, ConfusionMatrix, Evaluation, Mistake
from shared.evidence import DataVersion
from shared.metrics import Task

from evaluation.measures import Measures
from evaluation.rows import Row

# A full matrix of more classes would be mostly zeros and larger than the data.
MAX_MATRIX_CLASSES = 1000


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What the batch transform wrote: the keys of the first objects, and how many there are."""

    keys: tuple[str, ...]
    objects: int


@dataclass(frozen=True, kw_only=True)
class Result:
    """All measures of one evaluation, the row for the smoke test, and mistakes to look at."""

    task: Task
    measures: Measures
    sample: Row
    mistakes: tuple[Mistake, ...]

    def evaluation(self, *, report_key: str, predictions: Predictions) -> Evaluation:
        """The evaluation, not bounded: with all classes, and a matrix of at most 1000."""
        measures = self.measures
        return Evaluation(
            task=self.task,
            rows=measures.rows,
            metrics=measures.metrics,
            classes=measures.classes,
            confusion_matrix=_matrix(measures.classes, measures.cells),
            points=measures.points,
            report_key=report_key,
            sample_row=self.sample.features,
            sample_prediction=self.sample.prediction,
            mistakes=self.mistakes,
            prediction_keys=predictions.keys,
            prediction_objects=predictions.objects,
        )

    def report(self, evaluation: Evaluation, data: DataVersion) -> dict[str, Any]:
        """Everything, unrounded, for the report in S3."""
        sparse = evaluation.classes is not None and evaluation.confusion_matrix is None
        cells = sorted((self.measures.cells or {}).items())
        return {
            "dataVersion": data.version,
            "testVersion": data.test_version,
            **evaluation.to_json(),
            "confusionCells": [[*pair, count] for pair, count in cells] if sparse else None,
        }


def _matrix(
    classes: tuple[ClassScore, ...] | None, cells: Mapping[tuple[str, str], int] | None
) -> ConfusionMatrix | None:
    """Rows are the true classes, columns the predicted ones."""
    if classes is None or cells is None or len(classes) > MAX_MATRIX_CLASSES:
        return None
    labels = tuple(score.label for score in classes)
    counts = tuple(tuple(cells.get((a, p), 0) for p in labels) for a in labels)
    return ConfusionMatrix(labels=labels, counts=counts)
