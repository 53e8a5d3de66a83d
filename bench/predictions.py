"""The output of a batch transform, large enough to measure by."""

from __future__ import annotations

import random
from pathlib import Path

_LABELS = ["setosa", "versicolor", "virginica", "ciliata", "pumila", "lutea"]
_WEIGHTS = [30, 25, 20, 15, 8, 2]
_RIGHT = 0.9
_AT_ONCE = 100_000

# One object is larger than a part, one has fields in quotation marks.
_SHARES = {"large.csv.out": 70, "medium.csv.out": 22, "quoted.csv.out": 6, "small.csv.out": 2}
_QUOTED = "quoted.csv.out"


def write_predictions(folder: Path, *, rows: int) -> int:
    """Write label, four features and prediction in several objects; their size in bytes."""
    folder.mkdir(parents=True)
    numbers = random.Random(4)  # noqa: S311 - the same rows each time
    features = [",".join(f"{numbers.uniform(0, 8):.1f}" for _ in range(4)) for _ in range(_AT_ONCE)]
    for name, share in _SHARES.items():
        with (folder / name).open("w", encoding="utf-8", newline="") as output:
            for _ in range(rows * share // 100 // _AT_ONCE):
                output.writelines(_lines(numbers, features, quoted=name == _QUOTED))
    return sum(path.stat().st_size for path in folder.iterdir())


def _lines(numbers: random.Random, features: list[str], *, quoted: bool) -> list[str]:
    actual = numbers.choices(_LABELS, _WEIGHTS, k=_AT_ONCE)
    other = numbers.choices(_LABELS, k=_AT_ONCE)
    rows = zip(actual, features, other, strict=True)
    if quoted:
        return [
            f'"{label}",{values},"{label if numbers.random() < _RIGHT else guess}"\r\n'
            for label, values, guess in rows
        ]
    return [
        f"{label},{values},{label if numbers.random() < _RIGHT else guess}\n"
        for label, values, guess in rows
    ]


def write_many_classes(folder: Path, *, pairs: int) -> None:
    """Write so many different pairs of label and prediction, all wrong, each three times."""
    folder.mkdir(parents=True)
    text = "".join(f"label-{i:08d},1.0,prediction-{i:08d}\n" for i in range(pairs))
    for i in range(3):
        (folder / f"{i}.csv.out").write_text(text, encoding="utf-8")
