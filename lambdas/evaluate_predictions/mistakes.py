"""The mistakes that say most, chosen in one pass with bounded memory.

Class labels come without a confidence, so the worst mistakes are those that the model makes most
often: the most frequent confusions, a confusion being one class taken for another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from shared.evaluation import MAX_MISTAKES, Mistake
from shared.text import shorten

from evaluate_predictions.predictions import OUTPUT_SUFFIX, PredictedRow

Confusion = tuple[str, str]

# Well above MAX_MISTAKES, so that forgetting the rare ones is seldom needed.
_CONFUSIONS_KEPT = 100
_MAX_NAME_CHARACTERS = 120
_MAX_LABEL_CHARACTERS = 64
_MAX_FEATURE_CHARACTERS = 300


@dataclass
class MistakeSample:
    """Rows of the most frequent confusions, while rows come in.

    counts: (actual label, predicted label) to rows so far, kept up to date by the caller.
    prefix: the part of every key that tells a person nothing.
    """

    counts: Counter[Confusion]
    prefix: str
    _rows: dict[Confusion, list[Mistake]] = field(default_factory=dict)

    def add(self, row: PredictedRow) -> None:
        """Keep the row, a wrong one, if there is room for more of its confusion."""
        rows = self._rows.setdefault((row.label, row.prediction), [])
        if len(rows) < MAX_MISTAKES:
            rows.append(_mistake(row, name=_name(row.key, prefix=self.prefix)))
        if len(self._rows) > 2 * _CONFUSIONS_KEPT:
            self._forget_rare()

    def choose(self) -> tuple[Mistake, ...]:
        """At most ten: one row of each confusion, most frequent first, then a second, and so on.

        Rows of one confusion stand beside each other, in the order in which they were read.
        """
        confusions = sorted(self._rows, key=self._rank)
        takes: Counter[Confusion] = Counter()
        for turn in range(MAX_MISTAKES):
            for confusion in confusions:
                if turn < len(self._rows[confusion]) and takes.total() < MAX_MISTAKES:
                    takes[confusion] += 1
        return tuple(
            row for confusion in confusions for row in self._rows[confusion][: takes[confusion]]
        )

    def _forget_rare(self) -> None:
        # What is forgotten here and matters in the end comes back with its next row: a confusion
        # without one is rarer than all that were kept.
        kept = sorted(self._rows, key=self._rank)[:_CONFUSIONS_KEPT]
        self._rows = {confusion: self._rows[confusion] for confusion in kept}

    def _rank(self, confusion: Confusion) -> tuple[int, Confusion]:
        return -self.counts[confusion], confusion


def _name(key: str, *, prefix: str) -> str:
    """The held-out object that a prediction object was made of."""
    return key.removeprefix(prefix).removesuffix(OUTPUT_SUFFIX)


def _mistake(row: PredictedRow, *, name: str) -> Mistake:
    return Mistake(
        place=f"{shorten(name, characters=_MAX_NAME_CHARACTERS)}, line {row.line}",
        actual=shorten(row.label, characters=_MAX_LABEL_CHARACTERS),
        predicted=shorten(row.prediction, characters=_MAX_LABEL_CHARACTERS),
        features=shorten(row.features, characters=_MAX_FEATURE_CHARACTERS),
    )
