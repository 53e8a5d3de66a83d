"""The tree that the image's model is at first: as good as scikit-learn's, where it must the same.

They go when another model comes: without tree.py they are skipped.
"""

import dataclasses
import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from sklearn import datasets  # type: ignore[import-untyped]
from sklearn.tree import DecisionTreeClassifier  # type: ignore[import-untyped]

tree = pytest.importorskip("tree")

DEFAULTS = {"max_leaf_nodes": None, "max_depth": None, "min_samples_leaf": 1, "random_state": 0}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"max_leaf_nodes": 2},
    {"max_leaf_nodes": 7},
    {"max_depth": 3},
    {"min_samples_leaf": 5},
    {"max_leaf_nodes": 9, "min_samples_leaf": 4, "max_depth": 4},
]


def grown(features: NDArray[Any], classes: NDArray[Any], **settings: Any) -> Any:  # noqa: ANN401
    return tree.grow(features.astype(np.float32), classes, **{**DEFAULTS, **settings})


def theirs(features: NDArray[Any], classes: NDArray[Any], **settings: Any) -> Any:  # noqa: ANN401
    known = {**DEFAULTS, **settings}
    return DecisionTreeClassifier(**known).fit(features.astype(np.float32), classes)


def leaves(ours: Any, features: NDArray[Any]) -> NDArray[np.intp]:  # noqa: ANN401
    """The leaf of each row, found by a tree whose leaves' classes are their numbers."""
    numbered = dataclasses.replace(ours, value=np.arange(len(ours.left)))
    return np.array(numbered.predict(features.astype(np.float32)))


def impurity(leaf: NDArray[Any], classes: NDArray[Any]) -> float:
    """Gini's, of all leaves by their rows."""
    _, leaf = np.unique(leaf, return_inverse=True)
    counts = np.zeros((leaf.max() + 1, classes.max() + 1))
    np.add.at(counts, (leaf, classes), 1)
    return float((counts.sum(axis=1) - (counts**2).sum(axis=1) / counts.sum(axis=1)).sum())


def accuracy(predicted: Any, classes: NDArray[Any]) -> float:  # noqa: ANN401
    return float((np.array(predicted) == classes).mean())


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_it_is_as_good_on_known_data(name: str, settings: dict[str, Any]) -> None:
    # Columns that divide equally well are a matter of luck, for both: what follows from them also.
    data = getattr(datasets, f"load_{name}")()
    features, classes = data.data.astype(np.float32), data.target
    ours = [grown(features, classes, **settings, random_state=seed) for seed in range(5)]
    others = [theirs(features, classes, **settings, random_state=seed) for seed in range(5)]
    our_scores = {round(accuracy(one.predict(features), classes), 9) for one in ours}
    other_scores = {round(one.score(features, classes), 9) for one in others}
    assert our_scores & other_scores
    assert {one.depth for one in ours} & {one.get_depth() for one in others}


@pytest.mark.parametrize("seed", range(20))
def test_it_predicts_the_same_where_no_two_splits_are_equally_good(seed: int) -> None:
    # Given so many rows in each leaf that two columns hardly divide them alike
    random = np.random.default_rng(seed)
    rows, columns = int(random.integers(300, 3000)), int(random.integers(1, 9))
    features = random.normal(size=(rows, columns)).astype(np.float32)
    signal = features @ random.normal(size=(columns, int(random.integers(2, 6))))
    classes = (signal + random.normal(size=signal.shape)).argmax(axis=1)
    settings: dict[str, Any] = {
        "min_samples_leaf": int(random.integers(30, 60)),
        "max_leaf_nodes": [None, 2, 5, 40][seed % 4],
        "max_depth": [None, 1, 4][seed % 3],
    }
    # When both grow a tree
    ours, other = grown(features, classes, **settings), theirs(features, classes, **settings)
    # Then they predict alike, near the thresholds too
    inner = ours.threshold[np.isfinite(ours.threshold)]
    near = np.concatenate([inner, np.nextafter(inner, np.float32(9)), np.nextafter(inner, -inner)])
    anywhere = random.normal(size=(2000, columns)).astype(np.float32)
    for probes in (features, anywhere, random.choice(near, (2000, columns)), anywhere[:5]):
        assert (np.array(ours.predict(probes)) == other.predict(probes)).all()
    assert len(ours.left) == other.tree_.node_count


TABLES = st.tuples(st.integers(1, 40), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(
        arrays.arrays(np.float32, shape, elements=st.integers(-3, 3)),
        arrays.arrays(np.intp, shape[0], elements=st.integers(0, 3)),
    )
)


@given(table=TABLES, smallest=st.integers(1, 5), seed=st.integers(0, 3))
def test_the_first_split_is_one_of_the_best(
    table: tuple[NDArray[Any], NDArray[Any]], smallest: int, seed: int
) -> None:
    features, classes = table
    ours = grown(features, classes, max_leaf_nodes=2, min_samples_leaf=smallest, random_state=seed)
    # Every way to divide the rows by one column
    best = impurity(np.zeros(len(classes), dtype=int), classes)
    for column in features.T:
        for threshold in column:
            right = column > threshold
            if smallest <= right.sum() <= len(right) - smallest:
                best = min(best, impurity(right, classes))
    assert impurity(leaves(ours, features), classes) == pytest.approx(best)


@given(
    table=TABLES,
    most=st.none() | st.integers(2, 8),
    deepest=st.none() | st.integers(1, 4),
    smallest=st.integers(1, 6),
)
def test_it_keeps_its_limits_and_divides_as_long_as_it_may(
    table: tuple[NDArray[Any], NDArray[Any]], most: int | None, deepest: int | None, smallest: int
) -> None:
    features, classes = table
    settings = {"max_leaf_nodes": most, "max_depth": deepest, "min_samples_leaf": smallest}
    ours = grown(features, classes, **settings)
    leaf = leaves(ours, features)
    found, rows = np.unique(leaf, return_counts=True)
    assert len(found) * 2 - 1 == len(ours.left)
    assert len(found) <= (most or len(classes))
    assert ours.depth <= (deepest or len(classes))
    assert len(classes) < smallest or rows.min() >= min(smallest, len(classes))
    if most is None and deepest is None and smallest == 1:
        # Rows that are alike stay together; all others end apart, as long as classes differ.
        _, alike = np.unique(features, axis=0, return_inverse=True)
        assert impurity(leaf, classes) == pytest.approx(impurity(alike.ravel(), classes))


@given(
    seed=st.integers(0, 10**6),
    most=st.sampled_from([None, 2, 3, 16, 17, 60]),
    blocks=st.lists(st.integers(1, 40), min_size=1, max_size=8),
)
def test_a_row_is_predicted_alike_in_any_block(
    seed: int, most: int | None, blocks: list[int]
) -> None:
    random = np.random.default_rng(seed)
    features = random.integers(-5, 6, size=(200, 3)).astype(np.float32)
    ours = grown(features, random.integers(0, 4, size=200), max_leaf_nodes=most)
    probes = random.integers(-6, 7, size=(sum(blocks), 3)).astype(np.float32)
    wide = np.zeros((len(probes), 6), dtype=np.float32)[:, ::2]  # not one piece of memory
    wide[:] = probes
    whole = list(ours.predict(probes))
    cuts = np.cumsum(blocks)[:-1]
    assert [one for part in np.split(probes, cuts) for one in ours.predict(part)] == whole
    assert list(ours.predict(wide)) == whole


def test_the_seed_chooses_among_equally_good_columns_and_repeats_itself() -> None:
    # Given three columns that say the same
    column = np.arange(40, dtype=np.float32) % 7
    features = np.stack([column, column * 2, -column], axis=1)
    classes = (column > 3).astype(int)
    first = [grown(features, classes, random_state=seed).feature[0] for seed in range(30)]
    assert {0, 1, 2} == set(first)
    assert first == [grown(features, classes, random_state=seed).feature[0] for seed in range(30)]


@pytest.mark.parametrize("base", [2.1, 1e-45, 3e38, -1e-40, 1.0])
def test_neighbours_of_32_bits_are_told_apart(base: float) -> None:
    low = np.float32(base)
    high = np.nextafter(low, np.float32(np.inf))
    features = np.array([[low], [high]] * 20, dtype=np.float32)
    classes = np.array([0, 1] * 20)
    ours = grown(features, classes)
    assert list(ours.predict(features)) == classes.tolist()
    assert ours.predict(features[:2]) == [0, 1]


def test_one_class_is_one_leaf_of_any_number_of_rows() -> None:
    ours = grown(np.ones((3, 2)), np.array([4, 4, 4]))
    for rows in (1, 3, 1000):
        assert list(ours.predict(np.zeros((rows, 2), dtype=np.float32))) == [4] * rows
    assert ours.depth == 0


def test_many_columns_are_searched_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given fewer cells than a column has
    data = datasets.load_breast_cancer()
    at_once = grown(data.data, data.target)
    monkeypatch.setattr(tree, "CELLS", 100)
    piecemeal = grown(data.data, data.target)
    for name in ("feature", "threshold", "left", "value"):
        assert (getattr(at_once, name) == getattr(piecemeal, name)).all()


class TestModel:
    """model.py, while it uses the tree."""

    @pytest.fixture(autouse=True)
    def model(self) -> ModuleType:
        model = importlib.import_module("model")  # the image's
        if getattr(model, "Tree", None) is not tree.Tree:
            pytest.skip("another model has come")
        return model

    @pytest.mark.parametrize(
        ("labels", "classes"),
        [
            (["10", "9", "-1"], [-1, 9, 10]),
            (["b", "a"], ["a", "b"]),
            (["1", "a"], ["1", "a"]),
            (["01", "2"], ["01", "2"]),
            (["1.0", "2.0"], ["1.0", "2.0"]),
            (["1_0", "2"], ["1_0", "2"]),
            (["été", "\u00fc"], ["été", "\u00fc"]),
            (["9223372036854775808", "-1"], ["-1", "9223372036854775808"]),
            (["9223372036854775807", "-9223372036854775808"], [-(2**63), 2**63 - 1]),
        ],
    )
    def test_labels_come_back_as_they_were_written(
        self,
        model: ModuleType,
        tmp_path: Path,
        labels: list[str],
        classes: list[object],
    ) -> None:
        features = np.arange(len(labels), dtype=np.float32).reshape(-1, 1)
        settings = model.Hyperparameters()
        model.save(model.fit(features=features, labels=labels, hyperparameters=settings), tmp_path)
        ours = model.load(tmp_path)
        assert ours.labels == classes
        for times in (1, 50):  # one by one, and as an array
            predicted = model.predict(ours, np.tile(features, (times, 1)))
            assert [str(label) for label in predicted] == labels * times

    def test_a_model_of_another_format_or_with_objects_is_not_loaded(
        self,
        model: ModuleType,
        tmp_path: Path,
    ) -> None:
        features = np.zeros((1, 1), dtype=np.float32)
        settings = model.Hyperparameters()
        model.save(model.fit(features=features, labels=["a"], hyperparameters=settings), tmp_path)
        np.savez(tmp_path / "tree.npz", feature=np.array([{}], dtype=object))
        with pytest.raises(ValueError, match="allow_pickle=False"):
            model.load(tmp_path)
        (tmp_path / "model.json").write_text('{"format": 1}')
        with pytest.raises(ValueError, match="format 1"):
            model.load(tmp_path)

    def test_score_is_the_share_of_right_labels(self, model: ModuleType) -> None:
        assert model.score(["1", "2", "2", "3"], [1, 2, 3, 3]) == {"accuracy": 0.75}
