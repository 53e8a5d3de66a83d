"""container/model.py keeps its contract, whatever model it is.

The data is made here: two classes that lie far apart, some rows of each. Where your model takes
only certain labels or numbers of columns, or needs more rows, say so in the constants. What your
model does better than others is for tests of your own, here or in a file beside this one.
"""

import ast
import dataclasses
import importlib
import importlib.metadata
import inspect
import json
import os
import re
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

# What score() gets: texts, or the numbers that predict() returns.
GUESSES: list[Any] = list(map(float, LABELS)) if NUMBERS else list(LABELS)
OPTIONAL = {"arro3"}  # an image may leave it out: requests in Parquet are then refused

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


def alike(ours: list[Any], theirs: list[Any]) -> bool:
    """The same predictions. Numbers may differ by the rounding of a sum in another order."""
    if not NUMBERS:
        return list(map(str, ours)) == list(map(str, theirs))
    mine, other = (np.array(list(map(float, each))) for each in (ours, theirs))
    return mine.shape == other.shape and np.allclose(mine, other, rtol=1e-5, atol=1e-5)


def imported(path: Path) -> set[str]:
    """The packages that a module imports, also within a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


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
    # Then it is the same model, and knows how many features it was trained on
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
    assert contents[0], "save() wrote no file"
    assert contents[0] == contents[1], "save() writes other bytes for the same training"


def test_every_package_that_is_imported_is_in_the_requirements() -> None:
    # The environment of these tests has more packages than the image will have.
    locked = (CONTAINER / "requirements.txt").read_text(encoding="utf-8")
    pinned = {name.lower() for name in re.findall(r"^([\w.-]+)==", locked, re.MULTILINE)}
    packages = importlib.metadata.packages_distributions()
    ignored = (CONTAINER / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line[1:] for line in ignored if line.startswith("!") and line.endswith(".py")]
    for path in sorted(each for pattern in patterns for each in CONTAINER.glob(pattern)):
        for name in imported(path) - OPTIONAL:
            found = {each.lower() for each in packages.get(name, [])}
            assert not found or found & pinned, (
                f"{path.name} imports {name}, but requirements.txt lacks {' or '.join(found)}: "
                "name it in requirements.in, with an exact version, and run `make lock`. What the "
                "plumbing needs is in container/requirements.in, which yours can include by -r."
            )


def test_score_returns_the_metrics_that_the_settings_declare(model: ModuleType) -> None:
    missing = set(METRICS) - set(model.score(list(LABELS), GUESSES))
    assert not missing, "training.metrics of the settings has metrics that score() does not return"


def test_score_names_its_metrics(model: ModuleType) -> None:
    metrics = model.score(list(LABELS), GUESSES)
    assert {name: float(value) for name, value in metrics.items()}


def test_training_leaves_files_and_prints_the_metrics(
    model: ModuleType, released: Released
) -> None:
    assert model_files(released.root)
    for name in ("rows", *model.score(list(LABELS), GUESSES)):
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
    as_csv = released.answers(released.table.csv(labelled=False))
    assert alike(predictions, as_csv)


def test_a_row_is_predicted_alone_as_among_others(released: Released) -> None:
    # SageMaker cuts the held-out data into requests as it likes.
    rows = released.table.csv(labelled=False).splitlines()[:6]
    alone = [answer for row in rows for answer in released.answers(row)]
    together = released.answers("\n".join(rows))
    assert alike(alone, together), "predict() gives a row another prediction when it is alone"


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
