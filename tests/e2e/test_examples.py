"""The models under examples/: swapped in by a setting, released, and asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from overlay import assemble

from local.git import without_git
from local.release import wait_for
from tests.e2e.processes import mentioning
from tests.e2e.system import Approved, Definition, System
from tests.e2e.tree import EXAMPLES, commit_tree
from tests.e2e.web import ask_signed

REGRESSOR, CLASSIFIER = EXAMPLES / "boosted_regressor", EXAMPLES / "onnx_classifier"


@pytest.fixture
def state_dir(tmp_path: Path, environments: Path) -> Iterator[Path]:
    """The folder of a cloud of its own, which nothing knows of any more afterwards."""
    folder = tmp_path / "local"
    folder.mkdir()
    (folder / "environments").symlink_to(environments)
    yield folder
    wait_for(lambda: not mentioning(str(folder)), seconds=90, what="the end of every process")


def test_a_settings_file_swaps_the_whole_demo(tmp_path: Path, state_dir: Path) -> None:
    # Given a clone, and a settings file in it that names another model
    tree = tmp_path / "tree"
    commit_tree(tree)
    settings = (REGRESSOR / "settings.toml").relative_to(EXAMPLES.parent)
    # When the demo runs by it
    demo = subprocess.run(
        [sys.executable, "-m", "local", "demo"],
        cwd=tree,
        env={
            **without_git(os.environ),
            "SETTINGS": str(settings),
            "ENGINE": "none",
            "DECISION": "approve",
            "LOCAL_STATE_DIR": str(state_dir),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    # Then that model passes its gate, goes live, and predicts numbers for its own data
    assert demo.returncode == 0, demo.stdout + demo.stderr
    for line in ("LIVE: boosted model", "RMSE is 1.", "R² is 0.9"):
        assert line in demo.stdout
    sample = (REGRESSOR / "sample" / "test.csv").read_text(encoding="utf-8").splitlines()
    for row in sample[:2]:
        label, _, features = row.partition(",")
        answer = demo.stdout.partition(f'  {features} -> {{"result": "')[2].partition('"')[0]
        assert float(answer) == pytest.approx(float(label), abs=4)


@pytest.fixture
def spiral(data: System) -> Iterator[System]:
    """The system with the classifier's data; its model does not stay on the endpoint."""
    for part in ("train", "test"):
        text = (CLASSIFIER / "sample" / f"{part}.csv").read_text(encoding="utf-8")
        data.put_data(part, {"spiral.csv": text})
    yield data
    data.delete_endpoint()


def _swap_in(container: Path) -> None:
    shutil.rmtree(container)
    assemble(str(CLASSIFIER.relative_to(EXAMPLES.parent)), container)


def _hyperparameters_by_default(definition: Definition) -> None:
    definition["States"]["Train the model"]["Arguments"]["HyperParameters"] = {}


def test_a_network_is_released_and_predicts(spiral: System, first: Approved) -> None:
    # Given a system on which another model is live
    assert first.outcome.status == "SUCCEEDED"
    # When the network is released on its own data
    image = spiral.push("a network as ONNX", _swap_in)
    release = spiral.start_changed(image.release_input(), _hyperparameters_by_default)
    outcome = spiral.approved(release)
    # Then it is measured on all held-out rows, and the endpoint answers as was measured
    assert outcome.status == "SUCCEEDED", outcome
    sample = (CLASSIFIER / "sample" / "test.csv").read_text(encoding="utf-8").splitlines()
    evaluation = outcome.output["evaluation"]
    assert evaluation["rows"] == len(sample)
    assert evaluation["metrics"]["accuracy"] > 0.95
    labels, rows = zip(*(row.split(",", 1) for row in sample), strict=True)
    answer = ask_signed(spiral.cloud, spiral.inference_url, {"data": "\n".join(rows)})
    hits = sum(a == b for a, b in zip(answer.json()["result"], labels, strict=True))
    assert hits / len(sample) == pytest.approx(evaluation["metrics"]["accuracy"])
