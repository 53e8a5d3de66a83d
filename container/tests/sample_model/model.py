"""A sample model for the tests of the plumbing, apart from the model that is shipped.

It stays as it is when container/model.py is replaced, so that those tests go on to hold.

What the rest of the container asks of it:

- ``FEATURE_TYPE``: the numpy type of every feature matrix; values that do not fit are refused.
- ``Hyperparameters``: a frozen dataclass; each field declares type, default, bounds and help.
- ``fit(features=, labels=, hyperparameters=)`` trains and returns a model.
- ``score(labels, predictions)`` returns the metrics that training prints.
- ``save(model, folder)`` and ``load(folder)`` store it and read it back.
- ``predict(model, features)`` gives one prediction a row; a model has ``feature_count``.

The sample is a decision tree that classifies rows of numbers. It is stored as plain arrays, not
as a pickle: loading a model can never run code, and serving needs numpy alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plumbing.hyperparameters import hyperparameter

# scikit-learn's trees compare 32-bit features with 64-bit thresholds; so must predict().
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
        default=0, minimum=0, maximum=2**32 - 1, help="seed; the same seed gives the same tree"
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
    # Imported here, because serving must not load it.
    from sklearn.tree import DecisionTreeClassifier  # type: ignore[import-untyped]

    classes = _classes(labels)
    index = {str(label): position for position, label in enumerate(classes)}
    tree = (
        DecisionTreeClassifier(**asdict(hyperparameters))
        .fit(features, [index[label] for label in labels])
        .tree_
    )
    nodes = np.arange(tree.node_count)
    is_leaf = tree.children_left == tree.children_right
    return Model(
        feature_count=features.shape[1],
        labels=classes,
        depth=tree.max_depth,
        feature=np.where(is_leaf, 0, tree.feature).astype(np.intp),
        threshold=np.where(is_leaf, 0.0, tree.threshold),
        children=np.stack(
            [
                np.where(is_leaf, nodes, tree.children_left),
                np.where(is_leaf, nodes, tree.children_right),
            ]
        ).astype(np.intp),
        node_class=tree.value[:, 0, :].argmax(axis=1).astype(np.intp),
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
