"""The boosted trees: how good, how exact, and the same after an interruption."""

from collections.abc import Callable
from pathlib import Path

import model
import numpy as np
import pytest
from numpy.typing import NDArray
from plumbing.checkpoints import Checkpoints
from plumbing.errors import InputError
from support import CONTAINER

CHOSEN = model.Hyperparameters(rounds=60, checkpoint_rounds=20)


class TakenAwayError(Exception):
    """A spot instance is taken away."""


class Interrupted(Checkpoints):
    """Ends the training once so many rounds are saved."""

    def save(self, step: int, write: Callable[[Path], None]) -> None:
        super().save(step, write)
        if step == 40:
            raise TakenAwayError


def sample(name: str) -> tuple[NDArray[np.float32], list[str]]:
    rows = np.loadtxt(CONTAINER / f"sample/{name}.csv", delimiter=",", dtype=str)
    return rows[:, 1:].astype(model.FEATURE_TYPE), rows[:, 0].tolist()


def fit(checkpoints: Checkpoints | None = None) -> model.Model:
    features, labels = sample("train")
    return model.fit(
        features=features, labels=labels, hyperparameters=CHOSEN, checkpoints=checkpoints
    )


@pytest.fixture(scope="module")
def fitted() -> model.Model:
    return fit()


def same(one: model.Model, other: model.Model) -> bool:
    return all(np.array_equal(value, vars(other)[name]) for name, value in vars(one).items())


def test_held_out_rows_are_predicted_well() -> None:
    features, labels = sample("train")
    whole = model.fit(features=features, labels=labels, hyperparameters=model.Hyperparameters())
    features, labels = sample("test")
    metrics = model.score(labels, model.predict(whole, features))
    assert metrics["r2"] > 0.85
    assert metrics["rmse"] < 2
    assert metrics["mae"] <= metrics["rmse"]


def test_an_interrupted_training_ends_with_the_same_model(
    fitted: model.Model, tmp_path: Path
) -> None:
    # Given a training that was interrupted after round 40 of 60
    with pytest.raises(TakenAwayError):
        fit(Interrupted(tmp_path, training="1" * 16))
    # When it begins again with its checkpoints
    resumed = fit(Checkpoints(tmp_path, training="1" * 16))
    # Then nothing tells the model from one that was not
    assert len(resumed.roots) == 1 + CHOSEN.rounds
    assert same(resumed, fitted)


def test_the_seed_decides(fitted: model.Model) -> None:
    features, labels = sample("train")
    other = model.Hyperparameters(rounds=60, random_state=1)
    assert same(fit(), fitted)
    assert not same(model.fit(features=features, labels=labels, hyperparameters=other), fitted)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_row_is_predicted_alike_in_blocks_of_any_size(fitted: model.Model, size: int) -> None:
    features, _ = sample("test")
    blocks = [features[start : start + size] for start in range(0, len(features), size)]
    alone = np.concatenate([model.predict(fitted, block) for block in blocks])
    assert alone.tobytes() == model.predict(fitted, features).tobytes()


def test_any_finite_row_gets_a_finite_number(fitted: model.Model) -> None:
    largest = np.finfo(np.float32).max
    rows = np.array([[largest] * 10, [-largest] * 10, [0.0] * 10], dtype=np.float32)
    assert np.isfinite(model.predict(fitted, rows)).all()


@pytest.mark.parametrize("label", ["setosa", "", "nan", "1e999"])
def test_a_label_that_is_no_number_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="label is no"):
        model.fit(
            features=np.zeros((2, 1), dtype=np.float32),
            labels=["1", label],
            hyperparameters=CHOSEN,
        )
