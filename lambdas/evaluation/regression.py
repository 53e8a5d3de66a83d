"""Regression measures, as scikit-learn defines them.

https://scikit-learn.org/stable/modules/model_evaluation.html#regression-metrics
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.evaluation import MAX_MISTAKES, MAX_POINTS, Point

from evaluation.measures import Measures
from evaluation.rows import MalformedRow, Pair, Place, Row

# Squares of larger numbers may not add up to a finite one.
MAX_NUMBER = 1e100


class Regression:
    """Sums over rows, the rows with the largest errors, and a sample of all rows.

    The labels' sum of squares around their mean is merged by the formula of Chan, Golub and
    LeVeque, which does not lose the small differences of large labels:
    https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Parallel_algorithm
    """

    def __init__(self) -> None:
        self._rows = 0
        self._absolute = 0.0
        self._squares = 0.0
        self._mean = 0.0
        self._spread = 0.0  # sum of (label - mean) ** 2
        self._least = math.inf
        self._largest = -math.inf
        self._worst: list[tuple[float, Place]] = []
        self._points: list[Point] = []

    @property
    def rows(self) -> int:
        """The number of rows so far."""
        return self._rows

    def add_pairs(self, pairs: list[Pair], place: Callable[[int], Place]) -> bool:
        """Count plain lines; False, with nothing counted, if any has a text that is no number."""
        actual, predicted = [label for label, _ in pairs], [guess for _, guess in pairs]
        if any(b"_" in b",".join(column) for column in (actual, predicted)):
            return False
        try:
            labels, guesses = list(map(float, actual)), list(map(float, predicted))
        except ValueError:
            return False
        if not _all_usable(labels) or not _all_usable(guesses):
            return False
        errors = [abs(guess - label) for label, guess in zip(labels, guesses, strict=True)]
        self._add(labels, errors)
        if max(errors) > self._least_shown():
            largest = heapq.nlargest(MAX_MISTAKES, range(len(errors)), key=errors.__getitem__)
            self._keep([(errors[index], place(index)) for index in largest])
        return True

    def add_row(self, row: Row, place: Place) -> None:
        """Count one row.

        Raises:
            MalformedRow: its label or its prediction is no number.
        """
        label, guess = _number(row.label, "label"), _number(row.prediction, "prediction")
        error = abs(guess - label)
        self._add([label], [error])
        if error > self._least_shown():
            self._keep([(error, place)])

    def add_sampled(self, row: Row) -> None:
        """Take a row, counted by another call, into the sample of all rows."""
        if len(self._points) < MAX_POINTS:
            self._points.append((float(row.label), float(row.prediction)))

    def to_json(self) -> dict[str, Any]:
        """The sums as a JSON object."""
        return {
            "rows": self._rows,
            "absolute": self._absolute,
            "squares": self._squares,
            "mean": self._mean,
            "spread": self._spread,
            "range": [self._least, self._largest] if self._rows else None,
            "worst": self._worst,
            "points": self._points,
        }

    def merge(self, value: Mapping[str, Any], move: Callable[[Place], Place]) -> None:
        """Take in what to_json wrote of later rows."""
        if not value["rows"]:
            return
        self._merge(
            rows=value["rows"],
            absolute=value["absolute"],
            squares=value["squares"],
            mean=value["mean"],
            spread=value["spread"],
        )
        least, largest = value["range"]
        self._least, self._largest = min(self._least, least), max(self._largest, largest)
        self._keep([(error, move(Place(*place))) for error, place in value["worst"]])
        self._points += [(actual, guess) for actual, guess in value["points"]]

    def measures(self) -> Measures:
        """The measures of the rows so far; R² is None when all labels are the same."""
        constant = self._least == self._largest or not self._spread
        return Measures(
            rows=self._rows,
            metrics={
                "rmse": math.sqrt(self._squares / self._rows),
                "mae": self._absolute / self._rows,
                "r2": None if constant else 1 - self._squares / self._spread,
            },
            points=tuple(self._points),
        )

    def mistakes(self) -> Sequence[Place]:
        """At most ten rows with the largest absolute error, largest first; none without one."""
        return [place for _, place in self._worst]

    def _add(self, labels: list[float], errors: list[float]) -> None:
        rows = len(labels)
        mean = math.fsum(labels) / rows
        self._merge(
            rows=rows,
            absolute=math.fsum(errors),
            squares=math.fsum([error * error for error in errors]),
            mean=mean,
            spread=math.fsum([(label - mean) ** 2 for label in labels]),
        )
        self._least = min(self._least, min(labels))
        self._largest = max(self._largest, max(labels))

    def _merge(
        self, *, rows: int, absolute: float, squares: float, mean: float, spread: float
    ) -> None:
        together = self._rows + rows
        apart = mean - self._mean
        self._spread += spread + apart * apart * (self._rows * rows / together)
        self._mean += apart * (rows / together)
        self._rows = together
        self._absolute += absolute
        self._squares += squares

    def _least_shown(self) -> float:
        return self._worst[-1][0] if len(self._worst) == MAX_MISTAKES else 0.0

    def _keep(self, found: Sequence[tuple[float, Place]]) -> None:
        # Of equal errors the first row wins, as nlargest keeps their order.
        both = [*self._worst, *(item for item in found if item[0])]
        self._worst = heapq.nlargest(MAX_MISTAKES, both, key=lambda item: item[0])


def _all_usable(numbers: Sequence[float]) -> bool:
    # NaN passes by min and max unseen, but not by a sum.
    largest = max(map(abs, numbers))
    return largest <= MAX_NUMBER and not math.isnan(sum(numbers))


def _number(text: str, name: str) -> float:
    try:
        # Python would read 1_000 and digits of other scripts; hardly anything else does.
        number = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not -MAX_NUMBER <= number <= MAX_NUMBER:
        raise MalformedRow(
            f"has a {name} that is not a finite number of at most {MAX_NUMBER:g}. If labels are "
            'names of classes, set task = "classification" under [model] in settings.toml.'
        )
    return number
