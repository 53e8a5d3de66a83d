"""container/model.py keeps its contract, whatever model it is.

The data is made here: two classes that lie far apart, some rows of each. Where your model takes
only certain labels or numbers of columns, or needs more rows, say so in the constants. What your
model does better than others is for tests of your own, here or in a file beside this one.
"""

import dataclasses
import importlib
import inspect
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from plumbing import hyperparameters
from plumbing.checkpoints import Checkpoints
from plumbing.errors import InputError
from support import CONTAINER, Server, failure, ml_root, model_files, served, train

LABELS = ("0", "1")  # as they stand in the data; a model gets them as text
# What settings.toml says; make sets it.
NUMBERS = os.environ.get("MODEL_TASK") == "regression"
CHOSEN = json.loads(os.environ.get("HYPERPARAMETERS") or "{}")
METRICS = os.environ.get("TRAINING_METRICS", "").split()
WIDTHS = (2, 5)  # columns of features
ROWS = 30  # of each label

# Whether a package of the model warns is not for these tests to judge.
pytestmark = pytest.mark.filterwarnings("default")


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of features (rows, width) and their labels, the labels in turn."""

    features: NDArray[np.float64]
    labels: list[str]

    def csv(self, *, labelled: bool) -> str:
        rows = [",".join(map(repr, row)) for row in self.features.tolist()]
        pairs = zip(self.labels, rows, strict=True)
        return "\n".join(f"{label},{row}" if labelled else row for label, row in pairs)


@dataclasses.dataclass(frozen=True)
class Released:
    """What `train` left for ``table``, and `serve` answering for it."""

    table: Table
    root: Path
    log: str
    server: Server

    def answers(self, body: str) -> list[str]:
        answer = self.server.invoke(body)
        assert answer.status == 200, answer.body
        return answer.body.decode().splitlines()


def table(width: int) -> Table:
    random = np.random.default_rng(width)
    classes = np.arange(ROWS * len(LABELS)) % len(LABELS)
    features = random.normal(loc=10.0 * classes[:, None] + 5, size=(len(classes), width))
    return Table(features.round(3), [LABELS[position] for position in classes])


def fitted(model: ModuleType, data: Table, folder: Path) -> Any:
    """A model trained on ``data``; what it keeps meanwhile goes into the folder."""
    more = {}
    if "checkpoints" in inspect.signature(model.fit).parameters:
        more["checkpoints"] = Checkpoints(folder, training="0" * 16)
    return model.fit(
        features=data.features.astype(model.FEATURE_TYPE),
        labels=data.labels,
        hyperparameters=model.Hyperparameters(),
        **more,
    )


@pytest.fixture(scope="module")
def model() -> ModuleType:
    """The image's model.py."""
    return importlib.import_module("model")


@pytest.fixture(scope="module", params=WIDTHS, ids=lambda width: f"{width} columns")
def released(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Released]:
    data = table(request.param)
    files = {"train.csv": data.csv(labelled=True).encode()}
    root = ml_root(tmp_path_factory.mktemp("released"), files)
    finished = train(root, source=CONTAINER)
    assert finished.returncode == 0, finished.stderr
    with served(root, source=CONTAINER) as server:
        yield Released(data, root, finished.stdout, server)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_stored_model_predicts_as_the_fitted_one(
    model: ModuleType, tmp_path: Path, width: int
) -> None:
    # Given a fitted model
    data = table(width)
    features = data.features.astype(model.FEATURE_TYPE)
    ours = fitted(model, data, tmp_path / "checkpoints")
    predictions = list(model.predict(ours, features))
    # When it is stored and read back
    model.save(ours, tmp_path)
    loaded = model.load(tmp_path)
    # Then it is the same model
    assert (loaded.feature_count, ours.feature_count) == (width, width)
    assert list(model.predict(loaded, features)) == predictions


def test_the_same_training_leaves_the_same_bytes(
    model: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the same data, hyperparameters and seed, today and tomorrow
    now, contents = time.time, []
    for later in (0, 24 * 60 * 60):
        monkeypatch.setattr(time, "time", lambda later=later: now() + later)
        folder = tmp_path / str(later)
        folder.mkdir()
        model.save(fitted(model, table(WIDTHS[0]), tmp_path / "checkpoints"), folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        contents.append({path.relative_to(folder): path.read_bytes() for path in files})
    # Then the files are the same
    assert contents[0] == contents[1]
    assert contents[0]


def test_score_returns_the_metrics_that_the_settings_declare(model: ModuleType) -> None:
    missing = set(METRICS) - set(model.score(list(LABELS), list(LABELS)))
    assert not missing, "training.metrics of the settings has metrics that score() does not return"


def test_score_names_its_metrics(model: ModuleType) -> None:
    metrics = model.score(list(LABELS), list(LABELS))
    assert {name: float(value) for name, value in metrics.items()}


def test_training_leaves_files_and_prints_the_metrics(
    model: ModuleType, released: Released
) -> None:
    assert model_files(released.root)
    for name in ("rows", *model.score(list(LABELS), list(LABELS))):
        assert f"train:{name}=" in released.log


def test_every_row_gets_a_number_or_one_of_the_labels(released: Released) -> None:
    answers = released.answers(released.table.csv(labelled=False))
    assert len(answers) == len(released.table.labels)
    if NUMBERS:
        assert np.isfinite([float(answer) for answer in answers]).all()
    else:
        assert set(answers) <= set(LABELS)


def test_json_gets_the_same_predictions_as_csv(released: Released) -> None:
    body = json.dumps({"instances": released.table.features.tolist()})
    answer = released.server.invoke(body, "application/json")
    assert answer.status == 200, answer.body
    predictions = json.loads(answer.body)["predictions"]
    read = float if NUMBERS else str  # one number may be written in several ways
    as_csv = released.answers(released.table.csv(labelled=False))
    assert list(map(read, predictions)) == list(map(read, as_csv))


def test_a_row_is_predicted_alone_as_among_others(released: Released) -> None:
    # SageMaker cuts the held-out data into requests as it likes.
    rows = released.table.csv(labelled=False).splitlines()[:6]
    assert [*map(released.answers, rows)] == [[one] for one in released.answers("\n".join(rows))]


@pytest.mark.parametrize("more", [-1, 1])
def test_another_number_of_features_is_refused(released: Released, more: int) -> None:
    width = released.table.features.shape[1]
    answer = released.server.invoke(",".join(["1"] * (width + more)))
    assert answer.status == 400
    assert answer.error == f"Row 1 has {width + more} features; the model expects {width}."


def test_the_defaults_of_the_hyperparameters_are_within_their_bounds(model: ModuleType) -> None:
    defaults = model.Hyperparameters()
    texts = {name: str(value) for name, value in dataclasses.asdict(defaults).items()}
    assert hyperparameters.parse(model.Hyperparameters, texts) == defaults


def test_the_hyperparameters_of_the_settings_are_declared_and_within_bounds(
    model: ModuleType,
) -> None:
    hyperparameters.parse(model.Hyperparameters, CHOSEN)


def test_an_unknown_hyperparameter_is_refused(model: ModuleType, tmp_path: Path) -> None:
    unknown = "no_model_has_this"
    with pytest.raises(InputError, match=unknown):
        hyperparameters.parse(model.Hyperparameters, {unknown: "1"})
    root = ml_root(
        tmp_path, {"t.csv": table(WIDTHS[0]).csv(labelled=True).encode()}, {unknown: "1"}
    )
    assert train(root, source=CONTAINER).returncode != 0
    assert f"'{unknown}' (value '1') is unknown" in failure(root)
    assert model_files(root) == []
