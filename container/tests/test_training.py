"""`train` keeps SageMaker's contract, on good input and bad."""

import json
import signal
from pathlib import Path

import pytest
from support import (
    SAMPLE,
    children,
    failure,
    is_running,
    ml_root,
    model_files,
    room,
    start,
    train,
    wait_until,
)

GOOD = b"a,1,2\nb,3,4\n"


def test_the_sample_trains(tmp_path: Path) -> None:
    # Given the sample data and no hyperparameters
    root = ml_root(tmp_path, {"train.csv": (SAMPLE / "train.csv").read_bytes()})
    # When it is trained
    finished = train(root)
    # Then the model is there, the metrics are printed, and no failure is claimed
    assert finished.returncode == 0
    assert model_files(root) == ["model.json", "tree.npz"]
    assert "train:rows=120;\ntrain:accuracy=1;\n" in finished.stdout
    assert not (root / "output" / "failure").exists()


def test_the_same_seed_gives_the_same_model(tmp_path: Path) -> None:
    content = (SAMPLE / "train.csv").read_bytes()
    trees = []
    for name in ("one", "two"):
        root = ml_root(tmp_path / name, {"t.csv": content}, {"random_state": "7", "max_depth": "2"})
        assert train(root).returncode == 0
        trees.append((root / "model" / "tree.npz").read_bytes())
    assert trees[0] == trees[1]


def test_hyperparameters_change_the_tree_and_the_platforms_own_are_ignored(tmp_path: Path) -> None:
    settings = {
        "max_leaf_nodes": "2",
        "sagemaker_program": "x.py",
        "_tuning_objective_metric": "train:accuracy",
    }
    root = ml_root(tmp_path, {"train.csv": (SAMPLE / "train.csv").read_bytes()}, settings)
    assert train(root).returncode == 0
    assert json.loads((root / "model" / "model.json").read_text())["depth"] == 1


def test_bad_data_fails_the_job_with_file_and_line(tmp_path: Path) -> None:
    root = ml_root(tmp_path, {"good.csv": GOOD, "sub/bad.csv": b"a,1,2\nb,3,x\n"})
    finished = train(root)
    assert finished.returncode == 1
    assert failure(root) == "sub/bad.csv line 2, column 3: 'x' is not a number."
    assert failure(root) in finished.stderr
    assert model_files(root) == []


def test_a_bad_hyperparameter_fails_the_job_by_name(tmp_path: Path) -> None:
    root = ml_root(tmp_path, {"a.csv": GOOD}, {"max_depth": "deep"})
    assert train(root).returncode == 1
    assert failure(root) == (
        "Hyperparameter 'max_depth' is 'deep'. Allowed is a whole number of at least 1, or none."
    )
    assert model_files(root) == []


def test_an_unexpected_error_is_explained_and_cut_to_what_sagemaker_shows(tmp_path: Path) -> None:
    source = room(tmp_path / "room", "def fit(**_): raise RuntimeError('x' * 5000)")
    root = ml_root(tmp_path / "ml", {"a.csv": GOOD})
    finished = train(root, source=source)
    assert finished.returncode == 1
    assert failure(root).startswith("Training failed: RuntimeError: xxx")
    assert len(failure(root)) == 1024
    assert "Traceback" in finished.stderr


def test_too_few_predictions_fail_the_job(tmp_path: Path) -> None:
    changes = "_predict = predict\ndef predict(*given): return _predict(*given)[1:]"
    source = room(tmp_path / "room", changes)
    root = ml_root(tmp_path / "ml", {"a.csv": GOOD})
    rows = GOOD.count(b"\n")
    assert train(root, source=source).returncode == 1
    assert f"ValueError: predict gave {rows - 1} predictions for {rows} rows" in failure(root)
    assert model_files(root) == []


def test_a_missing_package_fails_the_job_and_says_where_it_belongs(tmp_path: Path) -> None:
    source = room(tmp_path / "room", "import no_such_package")
    root = ml_root(tmp_path / "ml", {"a.csv": GOOD})
    assert train(root, source=source).returncode == 1
    assert "No module named 'no_such_package'" in failure(root)
    assert "belongs in requirements.in" in failure(root)


def test_a_save_that_fails_half_way_leaves_no_model(tmp_path: Path) -> None:
    changes = "def save(model, folder):\n (folder / 'half').touch()\n raise OSError('disk full')"
    source = room(tmp_path / "room", changes)
    root = ml_root(tmp_path / "ml", {"a.csv": GOOD})
    assert train(root, source=source).returncode == 1
    assert "disk full" in failure(root)
    assert model_files(root) == []


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGKILL, "Memory most likely ran out"), (signal.SIGSEGV, "crash")]
)
def test_a_training_that_was_killed_names_the_likely_cause(
    tmp_path: Path, number: signal.Signals, said: str
) -> None:
    changes = f"import os\ndef fit(**_): os.kill(os.getpid(), {number.value})"
    source = room(tmp_path / "room", changes)
    root = ml_root(tmp_path / "ml", {"a.csv": GOOD})
    assert train(root, source=source).returncode == 1
    assert failure(root).startswith(f"Training was ended by {number.name}. ")
    assert said in failure(root)


ENDLESS = """
import os, time
def save(model, folder):
    (folder / "half").touch()
    (folder.parents[1] / "training").write_text(str(os.getpid()))
    while True:
        time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_obeyed_at_once(tmp_path: Path, number: signal.Signals) -> None:
    # Given a training that would never end and has begun to write
    source, root = room(tmp_path / "room", ENDLESS), ml_root(tmp_path / "ml", {"a.csv": GOOD})
    process = start("train", root, source=source)
    wait_until((root / "training").exists, "training has begun to save")
    [child] = children(process.pid)
    # When it is told to stop
    process.send_signal(number)
    process.communicate(timeout=10)
    # Then it ends non-zero with a reason, leaves nothing behind, and nothing runs on
    assert process.returncode == 143
    assert f"stopped by {number.name}" in failure(root)
    assert model_files(root) == []
    assert not is_running(child)


def test_training_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    source, root = room(tmp_path / "room", ENDLESS), ml_root(tmp_path / "ml", {"a.csv": GOOD})
    process = start("train", root, source=source)
    wait_until((root / "training").exists, "training has begun to save")
    [child] = children(process.pid)
    process.kill()
    process.communicate(timeout=10)
    wait_until(lambda: not is_running(child), "the orphan has ended")


def test_an_earlier_failure_and_model_are_replaced(tmp_path: Path) -> None:
    root = ml_root(tmp_path, {"a.csv": b""})
    assert train(root).returncode == 1
    ml_root(tmp_path, {"a.csv": GOOD})
    assert train(root).returncode == 0
    assert not (root / "output" / "failure").exists()
    ml_root(tmp_path, {"a.csv": b"c,1,2,3\nd,4,5,6\n"})
    assert train(root).returncode == 0
    assert json.loads((root / "model" / "model.json").read_text())["feature_count"] == 3
