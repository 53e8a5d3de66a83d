"""People's own model and settings, in a source archive without .git: the pipeline's gate holds.

What is run here is what reads them. tests/conftest.py sees to it that no other test does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.git import without_git
from tests.e2e.tree import ROOT, copy_tree

_GATE = ["tests/unit/test_settings.py", "tests/snapshots"]
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")

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


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as CodeBuild gets it from somebody who has made it their own."""
    tree = tmp_path_factory.mktemp("edited") / "source"
    copy_tree(tree)
    (tree / "container" / "model.py").write_text(_MODEL, encoding="utf-8")
    (tree / "settings.toml").write_text(_SETTINGS, encoding="utf-8")
    assert not (tree / ".git").exists()
    return tree


def _run(tree: Path, *command: str, settings: str = "") -> subprocess.CompletedProcess[str]:
    own = str(Path(sys.executable).parent)
    given = {"SETTINGS": settings, "PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command,
        cwd=tree,
        env={**without_git(os.environ), **given},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_gate_passes_for_other_peoples_model_and_settings(edited: Path) -> None:
    checked = _run(edited, *_PYTEST, *_GATE)
    assert checked.returncode == 0, checked.stdout
    synthesized = _run(edited, str(ROOT / "node_modules" / ".bin" / "cdk"), "synth", "--quiet")
    assert synthesized.returncode == 0, synthesized.stdout
    assert (edited / "cdk.out" / "manifest.json").is_file()


def test_the_gate_stops_a_wrong_setting(edited: Path) -> None:
    wrong = edited / "wrong.toml"
    wrong.write_text(_SETTINGS.replace('"open"', '"everybody"'), encoding="utf-8")
    checked = _run(edited, *_PYTEST, "-k", "own_file", _GATE[0], settings="wrong.toml")
    assert checked.returncode == 1, checked.stdout
    assert "wrong.toml: inference.access = 'everybody'" in checked.stdout
