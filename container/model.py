"""The model: the one module a data scientist edits.

What the rest of the container asks of it:

- ``FEATURE_TYPE``: the numpy type of every feature matrix; values that do not fit are refused.
- ``Hyperparameters``: a frozen dataclass; each field declares type, default, bounds and help.
- ``fit(features=, labels=, hyperparameters=)`` trains and returns a model. With a parameter
  ``checkpoints`` it also gets a ``plumbing.checkpoints.Checkpoints``, to go on after an interruption.
- ``score(labels, predictions)`` returns the metrics that training prints.
- ``save(model, folder)`` and ``load(folder)`` store it and read it back.
- ``predict(model, features)`` gives one prediction a row; a model has ``feature_count``.

The sample is a decision tree that classifies rows of numbers (tree.py). It is stored as plain
arrays, not as a pickle: loading a model can never run code.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plumbing.hyperparameters import hyperparameter
from tree import Tree, grow

FEATURE_TYPE = np.float32
FORMAT = 2  # of what save() writes
ARRAYS = ("feature", "threshold", "left", "value")  # of the tree

Features = NDArray[np.float32]
Label = str | int
# One a row: numbers, or texts, which an array holds as objects.
Predictions = Sequence[str | int | float] | NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What a training job may set, by these names."""

    max_leaf_nodes: int | None = hyperparameter(
        default=None, minimum=2, help="most leaves the tree may have; none: as many as it needs"
    )
    max_depth: int | None = hyperparameter(
        default=None, minimum=1, help="most questions on one path; none: as many as it needs"
    )
    min_samples_leaf: int = hyperparameter(
        default=1, minimum=1, help="fewest training rows in a leaf"
    )
    random_state: int = hyperparameter(
        default=0, minimum=0, maximum=2**32 - 1, help="seed; of equally good splits it chooses one"
    )


@dataclass(frozen=True, kw_only=True)
class Model:
    """A tree whose classes are positions in ``labels``."""

    feature_count: int
    labels: list[str] | list[int]
    tree: Tree

    @cached_property
    def label_array(self) -> NDArray[Any]:
        return np.array(self.labels, dtype=object if isinstance(self.labels[0], str) else np.int64)


def fit(*, features: Features, labels: Sequence[str], hyperparameters: Hyperparameters) -> Model:
    """Fits a tree to ``features`` (rows, columns) and one label a row."""
    known = _distinct(labels)
    position = {str(label): number for number, label in enumerate(known)}
    classes = np.fromiter(map(position.__getitem__, labels), dtype=np.intp, count=len(labels))
    tree = grow(features, classes, **asdict(hyperparameters))
    return Model(feature_count=features.shape[1], labels=known, tree=tree)


def predict(model: Model, features: Features) -> Predictions:
    """Predicts one label a row of ``features`` (rows, ``model.feature_count``)."""
    classes = model.tree.predict(features)
    if isinstance(classes, list):  # of few rows
        return [model.labels[number] for number in classes]
    return model.label_array.take(classes)


def score(labels: Sequence[str], predictions: Predictions) -> Mapping[str, float]:
    """Returns the metrics of ``predictions`` against the true ``labels``, by name."""
    hits = sum(label == str(guess) for label, guess in zip(labels, predictions, strict=True))
    return {"accuracy": hits / len(labels)}


def save(model: Model, folder: Path) -> None:
    """Writes the model into ``folder``, which exists; the same model as the same bytes."""
    about = {
        "format": FORMAT,
        "feature_count": model.feature_count,
        "labels": model.labels,
        "depth": model.tree.depth,
    }
    (folder / "model.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    np.savez(folder / "tree.npz", **{name: getattr(model.tree, name) for name in ARRAYS})


def load(folder: Path) -> Model:
    """Reads what ``save`` wrote.

    Raises:
        OSError, KeyError, ValueError: a file is missing or is not what ``save`` writes.
    """
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if about["format"] != FORMAT:
        raise ValueError(
            f"model.json has format {about['format']}; this image reads format {FORMAT}"
        )
    with np.load(folder / "tree.npz", allow_pickle=False) as arrays:
        tree = Tree(depth=about["depth"], **{name: arrays[name] for name in ARRAYS})
    return Model(feature_count=about["feature_count"], labels=about["labels"], tree=tree)


def _distinct(labels: Sequence[str]) -> list[str] | list[int]:
    """The distinct labels in order: as numbers if every one is written as a whole number."""
    distinct = set(labels)
    try:
        numbers = sorted(int(label) for label in distinct)
    except ValueError:
        return sorted(distinct)
    # "01" or "+1" would not come back as it was written, so such labels stay text, like numbers
    # of more than 64 bits.
    plain = {str(number) for number in numbers} == distinct
    fits = -(2**63) <= numbers[0] and numbers[-1] < 2**63
    return numbers if plain and fits else sorted(distinct)
