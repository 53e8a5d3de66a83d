"""try_locally.py, asked as a person would ask it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import CONTAINER, SAMPLE

FAILS = """

_predict = predict


def predict(model, features):
    if not features.any():
        raise ZeroDivisionError("nothing to divide by")
    return _predict(model, features)
"""


def tried(repository: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Tries the sample model of a repository of its own."""
    command = [sys.executable, str(repository / "container/try_locally.py"), *options]
    return subprocess.run(
        [*command, "--model-folder", "sample_model"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    leave = shutil.ignore_patterns("tests", "__pycache__", ".*_cache", ".hypothesis", ".venv")
    shutil.copytree(CONTAINER, tmp_path / "container", ignore=leave)
    shutil.copytree(SAMPLE, tmp_path / "sample_model")
    (tmp_path / "sample_model/sample").mkdir()
    for name in ("train.csv", "test.csv"):
        (tmp_path / "sample_model" / name).rename(tmp_path / "sample_model/sample" / name)
    return tmp_path


def test_a_model_is_trained_served_and_asked(repository: Path) -> None:
    finished = tried(repository, "--set", "max_leaf_nodes=5")
    assert finished.returncode == 0, finished.stderr
    assert "max_leaf_nodes=5" in finished.stdout
    assert "POST /invocations application/json" in finished.stdout


def test_a_model_that_cannot_predict_is_told_at_once(repository: Path) -> None:
    # Given a model that serve finds unfit: waiting for a healthy /ping would last a minute
    with (repository / "sample_model/model.py").open("a") as file:
        file.write(FAILS)
    finished = tried(repository)
    assert finished.returncode == 1
    assert "nothing to divide by" in finished.stderr
    assert finished.stderr.splitlines()[-1].startswith("Error: serve did not become healthy: ")


def test_held_out_data_that_is_not_there_is_told_before_training(repository: Path) -> None:
    finished = tried(repository, "--test", "/no/such.csv")
    assert finished.returncode == 1
    assert finished.stderr.startswith("Error: There is no file /no/such.csv. ")
    assert "--- train" not in finished.stdout


def test_held_out_data_with_a_text_is_told_without_a_traceback(repository: Path) -> None:
    rows = (repository / "sample_model/sample/test.csv").read_text().splitlines()
    first, other = rows[0], next(row for row in rows if row.split(",")[0] != rows[0].split(",")[0])
    text = repository / "text.csv"
    text.write_text(f"{first}\n{other.rpartition(',')[0]},wide\n")
    finished = tried(repository, "--test", str(text))
    assert finished.returncode == 1
    assert "text.csv has a row with no number" in finished.stderr
    assert "Traceback" not in finished.stderr
