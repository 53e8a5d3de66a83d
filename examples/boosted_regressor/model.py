"""Gradient boosting for regression: each small tree corrects what those before it left over.

scikit-learn grows the trees; what is stored are arrays, which numpy alone reads and walks. Nothing
is a pickle, and a training that was interrupted goes on from its checkpoint to the same model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from plumbing.checkpoints import Checkpoints
from plumbing.errors import InputError
from plumbing.hyperparameters import hyperparameter

# scikit-learn's trees compare 32-bit features with 64-bit thresholds; so must predict().
FEATURE_TYPE = np.float32
CELLS = 1 << 16  # rows times trees that are walked at once: they stay in the processor's cache

Features = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What a training job may set, by these names."""

    rounds: int = hyperparameter(default=200, minimum=1, maximum=10_000, help="trees, one a round")
    learning_rate: float = hyperparameter(
        default=0.1, minimum=0.001, maximum=1, help="how much of a tree's correction is taken"
    )
    max_depth: int = hyperparameter(
        default=3, minimum=1, maximum=16, help="most questions on one path of a tree"
    )
    min_samples_leaf: int = hyperparameter(
        default=3, minimum=1, help="fewest training rows in a leaf"
    )
    subsample: float = hyperparameter(
        default=0.7, minimum=0.01, maximum=1, help="share of the rows that a tree is grown on"
    )
    random_state: int = hyperparameter(
        default=0, minimum=0, maximum=2**32 - 1, help="seed; the same seed gives the same model"
    )
    checkpoint_rounds: int = hyperparameter(
        default=50, minimum=1, help="rounds from one checkpoint to the next"
    )


@dataclass(frozen=True, kw_only=True)
class Model:
    """k trees with n nodes in all; the first is a single leaf, the mean of the labels.

    A leaf points to itself, so that walking ``depth`` steps ends in the right leaf for any row.
    """

    feature_count: int
    depth: int  # questions on the longest path
    roots: NDArray[np.intp]  # (k,) nodes to begin with
    feature: NDArray[np.intp]  # (n,) column a node asks about
    threshold: Numbers  # (n,) go left if the value is at most this
    children: NDArray[np.intp]  # (2, n) left child, right child
    value: Numbers  # (n,) what a leaf adds to the prediction


def fit(
    *,
    features: Features,
    labels: Sequence[str],
    hyperparameters: Hyperparameters,
    checkpoints: Checkpoints | None = None,
) -> Model:
    """Fits to ``features`` (rows, columns) and one number a row; goes on from a checkpoint."""
    truth = _numbers(labels)
    saved = checkpoints.latest() if checkpoints else None
    grown = [load(saved) if saved else _leaf(float(truth.mean()), features.shape[1])]
    first = len(grown[0].roots)
    predictions = predict(grown[0], features)
    for number in range(first, hyperparameters.rounds + 1):
        tree = _grow(features, truth - predictions, hyperparameters, number)
        predictions += predict(tree, features)
        grown.append(tree)
        if checkpoints and number % hyperparameters.checkpoint_rounds == 0:
            checkpoints.save(number, partial(save, _joined(grown)))
    return _joined(grown)


def predict(model: Model, features: Features) -> Numbers:
    """Predicts one number a row of ``features`` (rows, ``model.feature_count``)."""
    size = max(1, CELLS // len(model.roots))
    blocks = [features[start : start + size] for start in range(0, len(features), size)]
    return np.concatenate([_predict_block(model, block) for block in blocks])


def score(labels: Sequence[str], predictions: Sequence[float] | Numbers) -> Mapping[str, float]:
    """Returns the metrics of ``predictions`` against the true ``labels``, by name."""
    truth = _numbers(labels)
    errors = np.asarray(predictions, dtype=np.float64) - truth
    spread = float(np.square(truth - truth.mean()).sum())
    return {
        "rmse": float(np.sqrt(np.square(errors).mean())),
        "mae": float(np.abs(errors).mean()),
        "r2": 1 - float(np.square(errors).sum()) / spread if spread else 0.0,
    }


def save(model: Model, folder: Path) -> None:
    """Writes the model into ``folder``, which exists."""
    np.savez(folder / "trees.npz", format=1, **vars(model))


def load(folder: Path) -> Model:
    """Reads what ``save`` wrote.

    Raises:
        OSError, KeyError, ValueError: the file is missing or is not what ``save`` writes.
    """
    with np.load(folder / "trees.npz", allow_pickle=False) as stored:
        if stored["format"] != 1:
            raise ValueError(f"trees.npz has format {stored['format']}; this image reads format 1")
        return Model(
            feature_count=int(stored["feature_count"]),
            depth=int(stored["depth"]),
            roots=stored["roots"],
            feature=stored["feature"],
            threshold=stored["threshold"],
            children=stored["children"],
            value=stored["value"],
        )


def _predict_block(model: Model, features: Features) -> Numbers:
    rows = np.arange(len(features))[:, None]
    node = np.broadcast_to(model.roots, (len(features), len(model.roots)))
    for _ in range(model.depth):
        goes_right = features[rows, model.feature[node]] > model.threshold[node]
        node = model.children[goes_right.astype(np.intp), node]
    # One tree after the other, as fit adds them: sum() adds in an order, and so with a rounding,
    # that depends on how the rows lie in memory.
    total: Numbers = np.add.accumulate(model.value[node], axis=1)[:, -1]
    return total


def _grow(features: Features, left_over: Numbers, chosen: Hyperparameters, number: int) -> Model:
    """The tree of one round. Its seed comes from its number, so a resumed training draws alike."""
    # Imported here, because serving must not load it.
    from sklearn.tree import DecisionTreeRegressor

    random = np.random.default_rng([chosen.random_state, number])
    size = max(1, round(chosen.subsample * len(features)))
    rows = np.sort(random.choice(len(features), size, replace=False))
    grower = DecisionTreeRegressor(
        max_depth=chosen.max_depth,
        min_samples_leaf=chosen.min_samples_leaf,
        random_state=int(random.integers(2**32)),
    )
    tree = grower.fit(features[rows], left_over[rows]).tree_
    nodes = np.arange(tree.node_count)
    is_leaf = tree.children_left == tree.children_right
    children = [
        np.where(is_leaf, nodes, side) for side in (tree.children_left, tree.children_right)
    ]
    return Model(
        feature_count=features.shape[1],
        depth=int(tree.max_depth),
        roots=np.zeros(1, dtype=np.intp),
        feature=np.where(is_leaf, 0, tree.feature).astype(np.intp),
        threshold=np.where(is_leaf, 0.0, tree.threshold),
        children=np.stack(children).astype(np.intp),
        value=chosen.learning_rate * tree.value[:, 0, 0],
    )


def _leaf(value: float, feature_count: int) -> Model:
    return Model(
        feature_count=feature_count,
        depth=0,
        roots=np.zeros(1, dtype=np.intp),
        feature=np.zeros(1, dtype=np.intp),
        threshold=np.zeros(1),
        children=np.zeros((2, 1), dtype=np.intp),
        value=np.array([value]),
    )


def _joined(models: Sequence[Model]) -> Model:
    """One model of the trees of several, in their order."""
    starts = np.cumsum([0, *(len(model.feature) for model in models)])[:-1]
    shifted = list(zip(models, starts, strict=True))
    return Model(
        feature_count=models[0].feature_count,
        depth=max(model.depth for model in models),
        roots=np.concatenate([model.roots + start for model, start in shifted]),
        feature=np.concatenate([model.feature for model in models]),
        threshold=np.concatenate([model.threshold for model in models]),
        children=np.concatenate([model.children + start for model, start in shifted], axis=1),
        value=np.concatenate([model.value for model in models]),
    )


def _numbers(labels: Sequence[str]) -> Numbers:
    try:
        numbers = np.array([float(label) for label in labels])
    except ValueError as error:
        raise InputError(f"A label is no number: {error}.") from None
    if not np.isfinite(numbers).all():
        raise InputError("A label is no finite number.")
    return numbers
