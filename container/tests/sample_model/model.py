"""A sample model for the tests of the plumbing, apart from the model that is shipped.

It stays as it is when container/model.py is replaced, so that those tests go on to hold: a decision
tree of the plainest kind, too slow for more than a few rows.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plumbing.hyperparameters import hyperparameter

FEATURE_TYPE = np.float32

Features = NDArray[np.float32]
Label = str | int


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
        default=0, minimum=0, maximum=2**32 - 1, help="seed; nothing here is random"
    )


@dataclass(frozen=True, kw_only=True)
class Model:
    """A fitted tree of n nodes over c classes; node 0 is the root.

    A leaf points to itself, so that walking ``depth`` steps ends in the right leaf for any row.
    """

    feature_count: int
    labels: Sequence[Label]  # c labels; a node's class is an index into them
    depth: int  # questions on the longest path
    feature: NDArray[np.intp]  # (n,) column a node asks about
    threshold: NDArray[np.float64]  # (n,) go left if the value is at most this
    children: NDArray[np.intp]  # (2, n) left child, right child
    node_class: NDArray[np.intp]  # (n,) index of the most frequent class


def fit(*, features: Features, labels: Sequence[str], hyperparameters: Hyperparameters) -> Model:
    """Fits a tree to ``features`` (rows, columns) and one label a row."""
    known = _classes(labels)
    classes = np.array([[str(label) for label in known].index(label) for label in labels])
    growth = _Growth(features, classes, hyperparameters.min_samples_leaf)
    growth.add(np.arange(len(labels)), depth=0)
    most = hyperparameters.max_leaf_nodes or len(labels)
    deepest = hyperparameters.max_depth or len(labels)
    while len(growth.feature) < 2 * most - 1:
        splits = [split for split in growth.splits if growth.depth[split[1]] < deepest]
        if not splits:
            break
        growth.divide(max(splits, key=lambda split: split[0]))
    return Model(
        feature_count=features.shape[1],
        labels=known,
        depth=max(growth.depth),
        feature=np.array(growth.feature),
        threshold=np.array(growth.threshold),
        children=np.array([growth.left, growth.right]),
        node_class=np.array(growth.value),
    )


def predict(model: Model, features: Features) -> list[Label]:
    """Predicts one label a row of ``features`` (rows, ``model.feature_count``)."""
    rows = np.arange(len(features))
    node = np.zeros(len(features), dtype=np.intp)
    for _ in range(model.depth):
        goes_right = features[rows, model.feature[node]] > model.threshold[node]
        node = model.children[goes_right.astype(np.intp), node]
    return [model.labels[position] for position in model.node_class[node].tolist()]


def score(labels: Sequence[str], predictions: Sequence[Label]) -> Mapping[str, float]:
    """Returns the metrics of ``predictions`` against the true ``labels``, by name."""
    hits = sum(label == str(guess) for label, guess in zip(labels, predictions, strict=True))
    return {"accuracy": hits / len(labels)}


def save(model: Model, folder: Path) -> None:
    """Writes the model into ``folder``, which exists."""
    np.savez(
        folder / "tree.npz",
        feature=model.feature,
        threshold=model.threshold,
        children=model.children,
        node_class=model.node_class,
    )
    about = {
        "format": 1,
        "feature_count": model.feature_count,
        "depth": model.depth,
        "labels": list(model.labels),
    }
    (folder / "model.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def load(folder: Path) -> Model:
    """Reads what ``save`` wrote.

    Raises:
        OSError, KeyError, ValueError: a file is missing or is not what ``save`` writes.
    """
    about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if about["format"] != 1:
        raise ValueError(f"model.json has format {about['format']}; this image reads format 1")
    with np.load(folder / "tree.npz", allow_pickle=False) as arrays:
        return Model(
            feature_count=about["feature_count"],
            labels=about["labels"],
            depth=about["depth"],
            feature=arrays["feature"],
            threshold=arrays["threshold"],
            children=arrays["children"],
            node_class=arrays["node_class"],
        )


def _classes(labels: Sequence[str]) -> list[str] | list[int]:
    """The distinct labels in order: as numbers if every one is written as a whole number."""
    distinct = set(labels)
    try:
        numbers = sorted(int(label) for label in distinct)
    except ValueError:
        return sorted(distinct)
    # "01" or "+1" would not come back as it was written, so such labels stay text.
    return numbers if {str(number) for number in numbers} == distinct else sorted(distinct)


class _Growth:
    """The nodes so far, and the best split of each leaf that can be divided."""

    def __init__(self, features: Features, classes: NDArray[np.intp], smallest: int) -> None:
        self._features, self._classes, self._smallest = features, classes, smallest
        self._rows: list[NDArray[np.intp]] = []
        self.splits: list[tuple[float, int, int, float]] = []  # gain, node, column, threshold
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.value: list[int] = []
        self.depth: list[int] = []

    def add(self, rows: NDArray[np.intp], *, depth: int) -> int:
        node = len(self.feature)
        self._rows.append(rows)
        self.feature.append(0)
        self.threshold.append(0.0)
        self.left.append(node)
        self.right.append(node)
        self.value.append(int(np.bincount(self._classes[rows]).argmax()))
        self.depth.append(depth)
        impurity = self._impurity(rows)
        found: list[tuple[float, int, int, float]] = []
        for column in range(self._features.shape[1] if impurity > 0 else 0):
            values = self._features[rows, column].astype(np.float64)
            distinct = np.unique(values)
            for threshold in (distinct[1:] + distinct[:-1]) / 2:
                sides = rows[values <= threshold], rows[values > threshold]
                if min(map(len, sides)) >= self._smallest:
                    gain = impurity - sum(map(self._impurity, sides))
                    found.append((gain, node, column, float(threshold)))
        if found:
            self.splits.append(max(found, key=lambda split: split[0]))
        return node

    def divide(self, split: tuple[float, int, int, float]) -> None:
        _, node, column, threshold = split
        self.splits.remove(split)
        rows = self._rows[node]
        goes_right = self._features[rows, column] > np.float64(threshold)
        self.feature[node], self.threshold[node] = column, threshold
        self.left[node] = self.add(rows[~goes_right], depth=self.depth[node] + 1)
        self.right[node] = self.add(rows[goes_right], depth=self.depth[node] + 1)

    def _impurity(self, rows: NDArray[np.intp]) -> float:
        """Gini's, times the rows."""
        counts = np.bincount(self._classes[rows])
        return len(rows) - float((counts**2).sum()) / len(rows)
