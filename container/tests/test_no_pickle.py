"""Serving the model runs no code that its artifact brings: nothing is unpickled."""

from pathlib import Path

import pytest
from support import CONTAINER, SAMPLE, ml_root, room, served, train

# Python imports this at its start: every class or function that an unpickler looks up is noted.
# https://docs.python.org/3/library/audit_events.html
GUARD = """
import os, sys

def note(event, arguments):
    if event == "pickle.find_class":
        with open(os.environ["PICKLE_LOG"], "a") as log:
            log.write(f"{arguments}\\n")

sys.addaudithook(note)
"""
PICKLES = """
import pickle

_save, _load = save, load

def save(model, folder):
    _save(model, folder)
    (folder / "more.pickle").write_bytes(pickle.dumps(Hyperparameters))

def load(folder):
    pickle.loads((folder / "more.pickle").read_bytes())
    return _load(folder)
"""

# Whether a package of the model warns is not for these tests to judge.
pytestmark = pytest.mark.filterwarnings("default")


def _unpickled(folder: Path, source: Path, sample: Path) -> list[str]:
    """What is unpickled between the start of serving a trained model and its first answer."""
    rows = sample.read_bytes()
    root = ml_root(folder / "ml", {"train.csv": rows})
    finished = train(root, source=source)
    assert finished.returncode == 0, finished.stderr
    guard, log = folder / "guard", folder / "pickle.log"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD)
    log.touch()
    extra = {"PYTHONPATH": str(guard), "PICKLE_LOG": str(log)}
    _, _, features = rows.decode("utf-8-sig").splitlines()[0].partition(",")
    with served(root, source=source, extra=extra) as server:
        assert server.invoke(features).status == 200
    return log.read_text().splitlines()


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    assert _unpickled(tmp_path, CONTAINER, CONTAINER / "sample/train.csv") == []


def test_a_model_that_unpickles_would_be_caught(tmp_path: Path) -> None:
    edited = room(tmp_path / "room", PICKLES)
    found = _unpickled(tmp_path, edited, SAMPLE / "train.csv")
    assert found
    assert all("Hyperparameters" in line for line in found)
