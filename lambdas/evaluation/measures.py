"""What is counted while rows stream by, whatever the task, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.evaluation import ClassScore, Point

from evaluation.rows import Pair, Place, Row


@dataclass(frozen=True)
class Measures:
    """The measures of all rows.

    Classification: classes sorted by label, and cells, from (actual, predicted) to its number of
    rows, without zeros. Regression: points.
    """

    rows: int
    metrics: Mapping[str, float | None]
    classes: tuple[ClassScore, ...] | None = None
    cells: Mapping[tuple[str, str], int] | None = None
    points: tuple[Point, ...] | None = None


class Tally(Protocol):
    """Counts rows of one part, and takes in the counts of later parts; bounded in size."""

    @property
    def rows(self) -> int:
        """The number of rows so far."""
        ...

    def add_pairs(self, pairs: list[Pair], place: Callable[[int], Place]) -> bool:
        """Count plain lines; False, with nothing counted, if they are to be parsed one by one.

        place tells where the line with an index stands.
        """
        ...

    def add_row(self, row: Row, place: Place) -> None:
        """Count one row.

        Raises:
            MalformedRow: it cannot be measured.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """The counts as a JSON object."""
        ...

    def merge(self, value: Mapping[str, Any], move: Callable[[Place], Place]) -> None:
        """Take in what to_json wrote of later rows; *move* tells their place among all."""
        ...

    def measures(self) -> Measures:
        """The measures of the rows so far, of which there is one at least."""
        ...

    def mistakes(self) -> Sequence[Place]:
        """Where the rows stand that are shown as mistakes, in the order in which they are shown."""
        ...
