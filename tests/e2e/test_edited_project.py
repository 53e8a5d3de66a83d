"""People's own model and settings, in a source archive without .git: the pipeline's gate holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.git import without_git
from tests.e2e.tree import copy_tree

_GATE = ["tests/unit/test_settings.py", "tests/infrastructure", "tests/snapshots"]

_MODEL = '''\
"""A nearest-centroid classifier."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from plumbing.hyperparameters import hyperparameter

FEATURE_TYPE = np.float64


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    shrinkage: float = hyperparameter(default=0.0, minimum=0.0, maximum=1.0, help="0: none")


@dataclass(frozen=True)
class Model:
    labels: list
    centroids: np.ndarray

    @property
    def feature_count(self):
        return self.centroids.shape[1]


def fit(*, features, labels, hyperparameters):
    names = sorted(set(labels))
    means = np.array([features[np.array(labels) == name].mean(axis=0) for name in names])
    kept = 1 - hyperparameters.shrinkage
    return Model(names, kept * means + (1 - kept) * features.mean(axis=0))


def predict(model, features):
    distances = np.linalg.norm(features[:, None] - model.centroids[None], axis=2)
    return [model.labels[nearest] for nearest in distances.argmin(axis=1)]


def score(labels, predictions):
    return {"hits": float(np.mean([a == b for a, b in zip(labels, predictions)]))}


def save(model, folder):
    np.savez(Path(folder) / "centroids.npz", labels=model.labels, centroids=model.centroids)


def load(folder):
    with np.load(Path(folder) / "centroids.npz", allow_pickle=False) as stored:
        return Model(stored["labels"].tolist(), stored["centroids"])
'''

_SETTINGS = """\
[model]
name = "grapes"

[model.hyperparameters]
shrinkage = 0.25

[notifications]
approvers = ["me@example.org"]

[source]
kind = "codecommit"
repository = "grapes"

[training]
instance_type = "ml.c5.xlarge"

[transform]
instance_type = "ml.c5.xlarge"

[approval]
timeout_hours = 5

[endpoint]
instance_type = "ml.c5.large"

[inference]
access = "open"

[retention]
keep_data_on_delete = false
log_days = 7
"""


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """The repository as CodeBuild gets it from somebody who has made it their own."""
    tree = tmp_path / "source"
    copy_tree(tree)
    (tree / "container" / "model.py").write_text(_MODEL, encoding="utf-8")
    (tree / "settings.toml").write_text(_SETTINGS, encoding="utf-8")
    assert not (tree / ".git").exists()
    return tree


def _run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env=without_git(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_gate_passes_for_other_peoples_model_and_settings(edited: Path) -> None:
    gate = _run(edited, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *_GATE)
    assert gate.returncode == 0, gate.stdout


def test_the_gate_stops_a_wrong_setting(edited: Path) -> None:
    settings = edited / "settings.toml"
    settings.write_text(_SETTINGS.replace('"open"', '"everybody"'), encoding="utf-8")
    gate = _run(edited, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", _GATE[0])
    assert gate.returncode == 1, gate.stdout
    assert "settings.toml: inference.access = 'everybody'" in gate.stdout
