"""The sample model predicts exactly what scikit-learn's own tree predicts.

It is sample_model/model.py, which the image's model.py is at first. Both that folder and these
tests stay as they are when container/model.py is replaced: the tests of the plumbing run on it.
"""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import datasets  # type: ignore[import-untyped]
from sklearn.tree import DecisionTreeClassifier  # type: ignore[import-untyped]
from support import sample_room

# Not plainly `model`: that name is the image's own.
model = importlib.import_module("sample_model.model")

SETTINGS = [
    {},
    {"max_leaf_nodes": 4},
    {"max_depth": 2, "random_state": 3},
    {"min_samples_leaf": 5},
    {"max_depth": 1},
]


def stored(folder: Path, fitted: object) -> Any:  # noqa: ANN401 - a Model of that module
    model.save(fitted, folder)
    return model.load(folder)


def agree(
    folder: Path,
    *,
    features: NDArray[Any],
    labels: NDArray[Any],
    probes: NDArray[Any],
    settings: dict[str, Any],
) -> None:
    """Fits both and compares them on the training rows and on ``probes``."""
    expected = DecisionTreeClassifier(**{"random_state": 0, **settings}).fit(features, labels)
    fitted = model.fit(
        features=features.astype(model.FEATURE_TYPE),
        labels=[str(label) for label in labels],
        hyperparameters=model.Hyperparameters(**settings),
    )
    ours = stored(folder, fitted)
    for rows in (features, probes):
        got = model.predict(ours, rows.astype(model.FEATURE_TYPE))
        assert got == expected.predict(rows).tolist()


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_it_agrees_on_known_data(tmp_path: Path, name: str, settings: dict[str, Any]) -> None:
    data = getattr(datasets, f"load_{name}")()
    random = np.random.default_rng(1)
    low, high = data.data.min(axis=0), data.data.max(axis=0)
    agree(
        tmp_path,
        features=data.data,
        labels=data.target_names[data.target],
        probes=random.uniform(low - 1, high + 1, size=(2000, len(low))),
        settings=settings,
    )


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_on_random_data_with_numeric_labels(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    agree(
        tmp_path,
        features=random.normal(size=(300, 7)),
        labels=random.integers(-2, 12, size=300),  # as text, "10" would sort before "2"
        probes=random.normal(size=(2000, 7)),
        settings={"random_state": seed},
    )


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_on_ties_in_values_and_in_votes(tmp_path: Path, seed: int) -> None:
    # Given few distinct values, so that equal rows have different labels, evenly often
    random = np.random.default_rng(seed)
    features = random.integers(0, 2, size=(200, 3)).astype(float)
    agree(
        tmp_path,
        features=features,
        labels=np.array(["b", "a", "c", "d"])[random.integers(0, 4, size=200)],
        probes=features[::-1],
        settings={"min_samples_leaf": 3, "random_state": seed},
    )


@pytest.mark.parametrize("start", [2.1, float(np.nextafter(np.float32(2.1), np.float32(3)))])
def test_it_agrees_on_values_that_only_64_bits_tell_apart(tmp_path: Path, start: float) -> None:
    # Given neighbours in 32 bits, so that the threshold between them exists in 64 bits only
    base = np.float32(start)
    above = np.nextafter(base, np.float32(3))
    features = np.array([[base], [above]] * 10, dtype=np.float64)
    labels = np.array(["low", "high"] * 10)
    middle = (float(base) + float(above)) / 2
    probes = np.array([[start], [middle], [np.nextafter(middle, 1)], [np.nextafter(middle, 3)]])
    agree(tmp_path, features=features, labels=labels, probes=probes, settings={})


def test_it_agrees_on_values_equal_to_a_threshold(tmp_path: Path) -> None:
    features = np.array([[0.0], [2.0], [4.0]] * 3)  # thresholds at 1 and 3
    labels = np.array(["a", "b", "c"] * 3)
    probes = np.array([[1.0], [3.0], [np.nextafter(1.0, 2)], [5.0]])
    agree(tmp_path, features=features, labels=labels, probes=probes, settings={})


def test_one_class_and_one_row_are_enough(tmp_path: Path) -> None:
    fitted = model.fit(
        features=np.array([[1.0, 2.0]], dtype=np.float32),
        labels=["only"],
        hyperparameters=model.Hyperparameters(),
    )
    rows = np.array([[5.0, 6.0], [7.0, 8.0]], dtype=np.float32)
    assert model.predict(stored(tmp_path, fitted), rows) == ["only", "only"]


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
    ],
)
def test_labels_come_back_as_they_were_written(
    tmp_path: Path, labels: list[str], classes: list[object]
) -> None:
    features = np.arange(len(labels), dtype=np.float32).reshape(-1, 1)
    fitted = model.fit(features=features, labels=labels, hyperparameters=model.Hyperparameters())
    ours = stored(tmp_path, fitted)
    assert ours.labels == classes
    assert [str(label) for label in model.predict(ours, features)] == labels


def test_a_model_of_another_format_or_with_objects_is_not_loaded(tmp_path: Path) -> None:
    fitted = model.fit(
        features=np.zeros((1, 1), dtype=np.float32),
        labels=["a"],
        hyperparameters=model.Hyperparameters(),
    )
    model.save(fitted, tmp_path)
    np.savez(tmp_path / "tree.npz", feature=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        model.load(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 2}')
    with pytest.raises(ValueError, match="format 2"):
        model.load(tmp_path)


def test_score_is_the_share_of_right_labels() -> None:
    assert model.score(["1", "2", "2", "3"], [1, 2, 3, 3]) == {"accuracy": 0.75}


def test_predicting_needs_no_scikit_learn(tmp_path: Path) -> None:
    # Given a stored model
    features = np.array([[1.0], [2.0]], dtype=np.float32)
    fitted = model.fit(
        features=features, labels=["a", "b"], hyperparameters=model.Hyperparameters()
    )
    model.save(fitted, tmp_path)
    # When a fresh interpreter loads it and predicts
    program = (
        "import sys, pathlib, numpy, model\n"
        "loaded = model.load(pathlib.Path(sys.argv[1]))\n"
        "print(model.predict(loaded, numpy.ones((1, 1), numpy.float32)), *sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=sample_room(), capture_output=True, text=True, check=True)
    # Then only numpy was loaded
    prediction, *modules = done.stdout.split()
    assert prediction == "['a']"
    assert not {"sklearn", "scipy", "joblib"} & set(modules)
