"""Rows a second of `train`, from the engine's `run` to its end."""

from __future__ import annotations

import random
import re
import tempfile
from pathlib import Path

from bench import servers
from bench.figures import Figure
from bench.images import Images
from bench.model_folder import laid_out
from bench.plan import Plan

NAMES = ("training_rows",)
HYPERPARAMETERS = {"max_leaf_nodes": "5"}  # as settings.toml has it
_LABELS = ("setosa", "versicolor", "virginica")
# Middle and width of each feature, a label: roughly those of the iris data.
_SHAPES = (
    ((5.0, 0.4), (3.4, 0.4), (1.5, 0.2), (0.2, 0.1)),
    ((5.9, 0.5), (2.8, 0.3), (4.3, 0.5), (1.3, 0.2)),
    ((6.6, 0.6), (3.0, 0.3), (5.6, 0.6), (2.0, 0.3)),
)
_DRAWN = 20_000  # different rows; more would be slow to draw, and change nothing for the reader
_ENOUGH = 0.9  # of the rows are told apart by such a tree


def measure(images: Images, plan: Plan) -> list[Figure]:
    """Train each image on the same file in turns.

    Raises:
        RuntimeError: a training failed, or ours left a model that is none.
    """
    plan.say(f"training on {plan.training_rows:,} rows, {plan.rounds} turns")
    ours: list[float] = []
    beside: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        file = Path(name) / "train.csv"
        write_rows(file, rows=plan.training_rows)
        for _ in range(plan.rounds):
            taken, said = _train(images.program, images.ours, file)
            check_accuracy(said)
            ours.append(plan.training_rows / taken)
            taken, _ = _train(images.program, images.baseline, file)
            beside.append(plan.training_rows / taken)
    return [
        Figure(
            name="training_rows",
            title=f"training on {plan.training_rows:,} rows",
            unit="rows/s",
            ours=tuple(ours),
            beside=tuple(beside),
        )
    ]


def write_rows(path: Path, *, rows: int, seed: int = 0) -> None:
    """Write labelled rows like those of the iris data, the same ones for the same seed."""
    numbers = random.Random(seed)  # noqa: S311 - no secret
    lines = []
    for _ in range(min(rows, _DRAWN)):
        kind = numbers.randrange(len(_LABELS))
        values = (max(numbers.gauss(*shape), 0.1) for shape in _SHAPES[kind])
        lines.append(f"{_LABELS[kind]},{','.join(f'{value:.1f}' for value in values)}\n")
    with path.open("w", encoding="utf-8") as file:
        for begin in range(0, rows, len(lines)):
            file.writelines(lines[: rows - begin])


def check_accuracy(said: str) -> None:
    """Raise RuntimeError unless a training says that it can tell most rows apart."""
    found = re.search(r"train:accuracy=([0-9.]+);", said)
    if not found or float(found.group(1)) < _ENOUGH:
        raise RuntimeError(f"The training's accuracy is not {_ENOUGH} or more:\n{said[-1000:]}")


def _train(program: str, image: str, file: Path) -> tuple[float, str]:
    with laid_out(file, HYPERPARAMETERS) as root:
        return servers.run_once(program, image, root=root, command="train")
