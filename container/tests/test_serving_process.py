"""`serve` as a process: starting, failing, stopping, and what it logs."""

import os
import shutil
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from raw_http import Client, invocation
from support import (
    PATIENCE,
    children,
    is_running,
    lines,
    ml_root,
    room,
    served,
    start,
    wait_until,
)

ROW = "5.9,3,5.1,1.8"
# A prediction that says it has begun, then waits until it may end; but not one of zeros alone.
SLOW = """
import os, time
def predict(model, features):
    if not features.any():
        return ["early"]
    Path(os.environ["ML_ROOT"], "begun").touch()
    while not Path(os.environ["ML_ROOT"], "go").exists():
        time.sleep(0.01)
    return ["late"] * len(features)
"""


def copy(trained: Path, folder: Path) -> Path:
    root = ml_root(folder, {})
    shutil.copytree(trained / "model", root / "model", dirs_exist_ok=True)
    return root


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_every_process_with_0_and_an_empty_log(
    trained: Path, number: signal.Signals
) -> None:
    with served(trained, extra={"SAGEMAKER_MODEL_SERVER_WORKERS": "3"}) as server:
        workers = server.workers(3)
        server.process.send_signal(number)
        _, log = server.process.communicate(timeout=PATIENCE)
    assert (server.process.returncode, log) == (0, "")
    assert not any(map(is_running, workers))


def test_a_stop_lets_a_request_under_way_finish(trained: Path, tmp_path: Path) -> None:
    # Given a prediction under way
    source, root = room(tmp_path / "room", SLOW), copy(trained, tmp_path / "ml")
    one = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    body = f"{ROW}\n" * 8000  # big enough for a thread, so that the worker sees the signal
    with served(root, source=source, extra=one) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.invoke, body)
        wait_until((root / "begun").exists, "the prediction has begun")
        # When the server is told to stop and has closed its door, and the prediction may go on
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.ping() == 0, "no new connection is accepted")
        (root / "go").touch()
        # Then the answer comes and the server ends well
        answer = asked.result(PATIENCE)
        assert (answer.status, answer.body[:5]) == (200, b"late\n")
        assert server.process.wait(PATIENCE) == 0


def test_who_is_told_to_stop_again_and_again_ends_in_time(trained: Path, tmp_path: Path) -> None:
    source, root = room(tmp_path / "room", SLOW), copy(trained, tmp_path / "ml")
    workers = source / "plumbing" / "workers.py"
    text = workers.read_text(encoding="utf-8")
    hasty = text.replace("KILL_SECONDS = 25", "KILL_SECONDS = 1")
    assert hasty != text
    workers.write_text(hasty, encoding="utf-8")
    # Given a prediction that does not end
    with served(root, source=source) as server, Client(server.port) as client:
        client.send(invocation(f"{ROW}\n".encode() * 8000))
        wait_until((root / "begun").exists, "the prediction has begun")
        # When the server is told to stop many times
        began = time.monotonic()
        while server.process.poll() is None and time.monotonic() < began + 10:
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        # Then the first time counts
        assert server.process.poll() == 0
        assert time.monotonic() < began + 5


def test_ping_is_answered_while_a_large_prediction_is_under_way(
    trained: Path, tmp_path: Path
) -> None:
    source, root = room(tmp_path / "room", SLOW), copy(trained, tmp_path / "ml")
    one = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    with served(root, source=source, extra=one) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.invoke, f"{ROW}\n" * 8000)
        wait_until((root / "begun").exists, "the prediction has begun")
        assert server.ping() == 200
        assert not asked.done()
        (root / "go").touch()
        assert asked.result(PATIENCE).status == 200


def test_until_the_model_is_loaded_ping_answers_503_and_invocations_wait(
    trained: Path, tmp_path: Path
) -> None:
    waiting = """
import os, time
def wait():
    Path(os.environ["ML_ROOT"], "begun").touch()
    while not Path(os.environ["ML_ROOT"], "go").exists():
        time.sleep(0.01)
"""
    changes = f"{waiting}\n_load = load\ndef load(folder):\n    wait()\n    return _load(folder)"
    source, root = room(tmp_path / "room", changes), copy(trained, tmp_path / "ml")
    with served(root, source=source, until=503) as server, ThreadPoolExecutor(1) as pool:
        assert "loading" in server.ask("GET", "/ping").error
        asked = pool.submit(server.invoke, ROW)
        wait_until((root / "begun").exists, "a worker loads the model")
        assert not asked.done()
        (root / "go").touch()
        assert asked.result(PATIENCE).body == b"virginica\n"
        wait_until(lambda: server.ping() == 200, "the model is loaded")


def test_a_model_that_cannot_be_loaded_answers_503_and_logs_why(tmp_path: Path) -> None:
    one = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    with served(ml_root(tmp_path, {}), extra=one, until=503) as server:
        wait_until(lambda: "could not be loaded" in server.invoke(ROW).error, "loading failed")
        assert server.ping() == 503
        code, log = server.stop()
    [line] = lines(log, "error")
    assert (code, line["event"], line["error"]) == (
        0,
        "model could not be loaded",
        "FileNotFoundError",
    )
    assert "model.json" in str(line["reason"])


def test_an_unexpected_error_gives_500_and_one_log_line_without_the_data(
    trained: Path, tmp_path: Path
) -> None:
    changes = "def predict(model, features): return [{0.0: 1}[features[0, 0]]]"
    source = room(tmp_path / "room", changes)
    with served(copy(trained, tmp_path / "ml"), source=source) as server:
        answer = server.invoke("5.8125,3,5.1,1.8")
        assert (answer.status, answer.error) == (500, "The prediction failed. The log says why.")
        assert server.ping() == 200
        _, log = server.stop()
    [line] = lines(log, "error")
    assert line["error"] == "KeyError"
    assert "5.8125" not in log


@pytest.mark.parametrize("rows", [1, 8000])
def test_whatever_predict_raises_is_answered_and_ends_nothing(
    trained: Path, tmp_path: Path, rows: int
) -> None:
    changes = """
class Panic(BaseException): pass
def predict(model, features):
    if not features.any():
        return ["early"]
    kinds = [None, SystemExit, KeyboardInterrupt, Panic]
    raise kinds[int(features[0, 0])]("quoted")
"""
    source = room(tmp_path / "room", changes)
    one = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    with served(copy(trained, tmp_path / "ml"), source=source, extra=one) as server:
        workers = children(server.process.pid)
        for kind in range(1, 4):
            answer = server.invoke(f"{kind},3,5.1,1.8\n" * rows)
            assert (answer.status, answer.error[:21]) == (500, "The prediction failed")
        assert children(server.process.pid) == workers
        _, log = server.stop()
    raised = [line["error"] for line in lines(log, "error")]
    assert raised == ["SystemExit", "KeyboardInterrupt", "Panic"]
    assert "quoted" not in log


def test_ping_is_answered_while_a_slow_model_predicts_small_requests(
    trained: Path, tmp_path: Path
) -> None:
    changes = """
import os, time
def predict(model, features):
    while features.any() and not Path(os.environ["ML_ROOT"], "go").exists():
        time.sleep(0.01)
    time.sleep(0.03)
    return ["late"] * len(features)
"""
    source, root = room(tmp_path / "room", changes), copy(trained, tmp_path / "ml")
    one = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    with served(root, source=source, extra=one) as server, ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(server.invoke, ROW) for _ in range(8)]
        for _ in range(20):
            assert server.ping() == 200
        assert not any(each.done() for each in asked)
        (root / "go").touch()
        assert {each.result(PATIENCE).body for each in asked} == {b"late\n"}


def test_a_worker_that_dies_is_replaced(trained: Path) -> None:
    with served(trained, extra={"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}) as server:
        [worker] = server.workers(1)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not is_running(worker), "the worker is gone")
        wait_until(lambda: server.ping() == 200, "another worker answers")
        assert children(server.process.pid) != [worker]
        code, log = server.stop()
    assert code == 0
    assert [line["exit_code"] for line in lines(log, "error")] == [-signal.SIGKILL]


def test_workers_end_with_the_process_that_started_them(trained: Path) -> None:
    with served(trained, extra={"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}) as server:
        workers = server.workers(2)
        server.process.kill()
        server.process.wait(PATIENCE)
        wait_until(lambda: not any(map(is_running, workers)), "the orphans have ended")


def test_serving_does_not_load_scikit_learn(trained: Path, tmp_path: Path) -> None:
    changes = (
        "import sys\ndef predict(model, features):\n    return [' '.join(sorted(sys.modules))]"
    )
    source = room(tmp_path / "room", changes)
    with served(copy(trained, tmp_path / "ml"), source=source) as server:
        modules = server.invoke(ROW).body.decode().split()
    assert "numpy" in modules
    assert not {"sklearn", "scipy", "joblib", "pandas"} & set(modules)


def test_several_serve_side_by_side(trained: Path) -> None:
    with served(trained) as one, served(trained) as other:
        assert one.port != other.port
        assert one.invoke(ROW).body == other.invoke(ROW).body == b"virginica\n"


def test_a_port_in_use_is_said(trained: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        extra = {"SERVE_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": port}
        process = start("serve", trained, extra=extra)
        _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert f"127.0.0.1:{port}" in log
    assert "SAGEMAKER_BIND_TO_PORT" in log


def test_a_bad_setting_is_said(trained: Path) -> None:
    process = start("serve", trained, extra={"SAGEMAKER_BIND_TO_PORT": "http"})
    _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert log == "SAGEMAKER_BIND_TO_PORT is 'http'. Allowed is a whole number from 1 to 65535.\n"
