"""The network: how good, the same in any block, thread and forked process."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import model
import numpy as np
import pytest
from numpy.typing import NDArray
from support import CONTAINER


def sample(name: str) -> tuple[NDArray[np.float32], list[str]]:
    rows = np.loadtxt(CONTAINER / f"sample/{name}.csv", delimiter=",", dtype=str)
    return rows[:, 1:].astype(model.FEATURE_TYPE), rows[:, 0].tolist()


def fit() -> model.Model:
    features, labels = sample("train")
    return model.fit(features=features, labels=labels, hyperparameters=model.Hyperparameters())


@pytest.fixture(scope="module")
def fitted() -> model.Model:
    return fit()


@pytest.fixture(scope="module")
def points() -> NDArray[np.float32]:
    """More rows than one block, all over the plane."""
    spread = np.random.default_rng(0).normal(size=(5000, 2))
    return spread.astype(model.FEATURE_TYPE)


def probabilities(fitted: model.Model, features: NDArray[np.float32]) -> bytes:
    """What the labels are chosen by, to the last bit."""
    [given] = fitted.session.get_inputs()
    [found] = fitted.session.run(["probabilities"], {given.name: features})
    return bytes(found.tobytes())


def test_held_out_rows_are_predicted_well(fitted: model.Model) -> None:
    features, labels = sample("test")
    assert model.score(labels, model.predict(fitted, features))["accuracy"] > 0.9


def test_the_seed_decides(fitted: model.Model) -> None:
    assert fit().network == fitted.network


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 4096])
def test_a_row_is_predicted_alike_in_blocks_of_any_size(
    fitted: model.Model, points: NDArray[np.float32], size: int
) -> None:
    blocks = [points[start : start + size] for start in range(0, len(points), size)]
    alone = b"".join(probabilities(fitted, block) for block in blocks)
    assert alone == probabilities(fitted, points)


def test_columns_in_any_order_of_memory_are_the_same(
    fitted: model.Model, points: NDArray[np.float32]
) -> None:
    turned = np.asfortranarray(points)
    assert model.predict(fitted, turned) == model.predict(fitted, points)


_COUNT = """
import os, sys
from pathlib import Path
import model
loaded = model.load(Path(sys.argv[1]))
print(len(os.listdir("/proc/self/task")))
"""


def test_a_loaded_model_has_no_threads_that_a_fork_would_miss(
    fitted: model.Model, tmp_path: Path
) -> None:
    model.save(fitted, tmp_path)
    # With CI set, ONNX Runtime would be quiet by itself.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as `serve` has it
    counted = subprocess.run(
        [sys.executable, "-c", _COUNT, str(tmp_path)],
        cwd=CONTAINER,
        env={**environment, **threads},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(counted.stdout) == 1


def test_a_forked_process_and_its_threads_predict_with_the_parent_s_model(
    fitted: model.Model, points: NDArray[np.float32]
) -> None:
    # As `serve` does: it loads the model, predicts a row, and then forks its workers.
    expected = model.predict(fitted, points)
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # One that waits for a thread of its parent would do so for ever.
        code = 1
        try:
            with ThreadPoolExecutor(4) as threads:
                found = list(threads.map(lambda _: model.predict(fitted, points), range(8)))
            code = 0 if found == [expected] * 8 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert model.predict(fitted, points) == expected


def test_any_finite_row_gets_one_of_the_labels(fitted: model.Model) -> None:
    largest = np.finfo(np.float32).max
    rows = [[largest, largest], [-largest, largest], [0, -largest], [1e-45, 0]]
    labels = model.predict(fitted, np.array(rows, dtype=np.float32))
    assert set(labels) <= {"amber", "blue", "crimson"}
    # Far away is the same as at the edge of what training has seen.
    far, edge = ([[side, side]] for side in (largest, 2.0))
    assert model.predict(fitted, np.array(far, np.float32)) == model.predict(
        fitted, np.array(edge, np.float32)
    )


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no network")
    with pytest.raises(Exception, match=r"INVALID_PROTOBUF|ModelProto"):
        model.load(tmp_path)
