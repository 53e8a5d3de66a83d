"""Classification measures, as scikit-learn defines them with zero_division=0.

Precision, recall, F1: https://scikit-learn.org/stable/modules/model_evaluation.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.evaluation import MAX_MISTAKES, ClassScore

from evaluation.errors import TooManyClasses
from evaluation.measures import Measures
from evaluation.rows import Pair, Place, Row

Confusion = tuple[str, str]

# A part and the merge hold all pairs at once, and S3 holds them once for each part.
MAX_PAIRS = 50_000
MAX_PAIR_BYTES = 8 * 1024 * 1024


class Classification:
    """How often each pair of label and prediction occurs, and where some of the wrong ones stand.

    Labels come without a confidence, so the worst mistakes are those that the model makes most
    often: the most frequent confusions, a confusion being one class taken for another.
    """

    def __init__(self) -> None:
        self._counts: Counter[Confusion] = Counter()
        self._pair_bytes = 0
        self._places: dict[Confusion, list[Place]] = {}

    @property
    def rows(self) -> int:
        """The number of rows so far."""
        return self._counts.total()

    def add_pairs(self, pairs: list[Pair], place: Callable[[int], Place]) -> bool:
        """Count plain lines; False, with nothing counted, if a label or prediction is blank.

        Raises:
            TooManyClasses
        """
        counts = Counter(pairs)
        meant = {pair: (pair[0].decode().strip(), pair[1].decode().strip()) for pair in counts}
        if not all(label and prediction for label, prediction in meant.values()):
            return False
        for pair, count in counts.items():
            self._count(meant[pair], count)
        wanted = {pair for pair, confusion in meant.items() if self._has_room(confusion)}
        if wanted:
            for index, pair in enumerate(pairs):
                if pair in wanted:
                    self._keep(meant[pair], place(index))
        return True

    def add_row(self, row: Row, place: Place) -> None:
        """Count one row.

        Raises:
            TooManyClasses
        """
        pair = (row.label, row.prediction)
        self._count(pair, 1)
        self._keep(pair, place)

    def to_json(self) -> dict[str, Any]:
        """The counts as a JSON object."""
        self._trim()
        return {
            "pairs": [
                [label, prediction, count, self._places.get((label, prediction), [])]
                for (label, prediction), count in self._counts.items()
            ]
        }

    def merge(self, value: Mapping[str, Any], move: Callable[[Place], Place]) -> None:
        """Take in what to_json wrote of later rows.

        Raises:
            TooManyClasses
        """
        for label, prediction, count, places in value["pairs"]:
            self._count((label, prediction), count)
            for place in places:
                self._keep((label, prediction), move(Place(*place)))

    def measures(self) -> Measures:
        """The measures of the rows so far."""
        classes = _scores(self._counts)
        hits = sum(count for (actual, guess), count in self._counts.items() if actual == guess)
        return Measures(
            rows=self.rows,
            metrics={
                "accuracy": hits / self.rows,
                "macroF1": sum(score.f1 for score in classes) / len(classes),
                "worstRecall": min(score.recall for score in classes if score.support),
            },
            classes=classes,
            cells=self._counts,
        )

    def mistakes(self) -> Sequence[Place]:
        """At most ten: one row of each confusion, most frequent first, then a second, and so on.

        Rows of one confusion stand beside each other, in the order in which they were read.
        """
        frequent = sorted(self._places, key=lambda pair: (-self._counts[pair], pair))
        confusions = frequent[:MAX_MISTAKES]
        takes: Counter[Confusion] = Counter()
        for turn in range(MAX_MISTAKES):
            for confusion in confusions:
                if turn < len(self._places[confusion]) and takes.total() < MAX_MISTAKES:
                    takes[confusion] += 1
        return [
            place
            for confusion in confusions
            for place in self._places[confusion][: takes[confusion]]
        ]

    def _count(self, pair: Confusion, count: int) -> None:
        if pair not in self._counts:
            self._pair_bytes += len(json.dumps(pair))
            if len(self._counts) >= MAX_PAIRS or self._pair_bytes > MAX_PAIR_BYTES:
                raise TooManyClasses(
                    f"There are more than {MAX_PAIRS} different pairs of label and prediction, or "
                    f"pairs of more than {MAX_PAIR_BYTES} bytes in all: too many for a confusion "
                    'matrix. If the labels are numbers, set task = "regression" under [model] in '
                    "settings.toml; otherwise join rare classes, or give them shorter names. Then "
                    "release again."
                )
        self._counts[pair] += count

    def _keep(self, pair: Confusion, place: Place) -> None:
        if self._has_room(pair):
            self._places.setdefault(pair, []).append(place)

    def _has_room(self, pair: Confusion) -> bool:
        actual, guess = pair
        return actual != guess and len(self._places.get(pair, ())) < self._most()

    def _most(self) -> int:
        """How many rows of one confusion can be shown, as each other one shows one at least.

        Later parts can only lower it, so the choice is the same however rows are cut into parts.
        """
        return max(1, MAX_MISTAKES + 1 - len(self._places))

    def _trim(self) -> None:
        most = self._most()
        for places in self._places.values():
            del places[most:]


def _scores(cells: Mapping[Confusion, int]) -> tuple[ClassScore, ...]:
    support: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for (actual, guess), count in cells.items():
        support[actual] += count
        predicted[guess] += count
        if actual == guess:
            hits[actual] += count
    return tuple(
        ClassScore(
            label=label,
            precision=_ratio(hits[label], predicted[label]),
            recall=_ratio(hits[label], support[label]),
            # 2PR / (P + R), written so that it needs no case for P = R = 0.
            f1=_ratio(2 * hits[label], predicted[label] + support[label]),
            support=support[label],
        )
        for label in sorted(support.keys() | predicted.keys())
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
