"""`serve` while the model loads, and with models that cannot be loaded, tried or shared."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from raw_http import Client, invocation
from support import PATIENCE, Server, children, is_running, lines, ml_root, room, served, wait_until

ROW = "5.9,3,5.1,1.8"
TWO = {"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}
# Notes each load, and waits in it until it may go on.
WAITING = """
import os, time
_load = load
def load(folder):
    root = Path(os.environ["ML_ROOT"])
    with (root / "loads").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    while not (root / "go").exists():
        time.sleep(0.01)
    return _load(folder)
"""
# Predicts in a thread that load starts, as libraries with thread pools of their own do.
THREADED = """
import os, queue, threading
_load, _predict = load, predict
def load(folder):
    with Path(os.environ["ML_ROOT"], "loads").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    global asked, answers
    asked, answers = queue.Queue(), queue.Queue()
    def work():
        while True:
            answers.put(_predict(*asked.get()))
    threading.Thread(target=work, daemon=True).start()
    return _load(folder)
def predict(model, features):
    asked.put((model, features))
    return answers.get(timeout=5)
"""


@pytest.fixture
def root(trained: Path, tmp_path: Path) -> Path:
    copy = ml_root(tmp_path / "ml", {})
    shutil.copytree(trained / "model", copy / "model", dirs_exist_ok=True)
    return copy


def _loads(root: Path) -> list[int]:
    file = root / "loads"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_whatever_waits_while_the_model_loads_is_answered_on_its_connection(
    root: Path, tmp_path: Path
) -> None:
    source = room(tmp_path / "room", WAITING)
    with served(root, source=source, until=503, extra=TWO) as server:
        # Given requests of all kinds that come while the model loads
        clients = [Client(server.port, timeout=PATIENCE) for _ in range(6)]
        large, begun, piped, gone, odd, later = clients
        large_body = f"{ROW}\n".encode() * 5000
        large.send(invocation(large_body))
        begun.send(invocation()[:40])
        asked = b"GET /ping HTTP/1.1\r\n\r\n"
        assert [piped.ask(asked).status, piped.ask(asked).status] == [503, 503]
        piped.send(invocation() + asked + invocation(b"bad"))
        gone.send(invocation())
        gone.socket.close()
        odd.send(b"nonsense\r\n\r\n")
        assert server.ping() == 503
        # When it is loaded
        (root / "go").touch()
        # Then all are answered, and the model has been loaded once for all workers
        assert large.reply().body == b"virginica\n" * 5000
        begun.send(invocation()[40:])
        assert begun.reply().body == b"virginica\n"
        assert [piped.reply().status for _ in range(3)] == [200, 200, 400]
        assert odd.reply().status == 400
        assert later.ask(invocation()).status == 200
        for client in clients:
            client.socket.close()
        server.workers(2)
        assert _loads(root) == [server.process.pid]


def test_a_stop_while_the_model_loads_sends_away_who_waits(root: Path, tmp_path: Path) -> None:
    source = room(tmp_path / "room", WAITING)
    with served(root, source=source, until=503) as server, Client(server.port) as client:
        client.send(invocation(f"{ROW}\n".encode() * 50_000))
        started = children(server.process.pid)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        reply = client.reply()
        assert (reply.status, reply.closes) == (503, True)
        client.socket.close()
        assert server.process.wait(PATIENCE) == 0
        assert time.monotonic() - began < 10
        assert not any(map(is_running, started))


def test_a_worker_that_died_is_replaced_without_loading_again(root: Path, tmp_path: Path) -> None:
    (root / "go").touch()
    with served(root, source=room(tmp_path / "room", WAITING), extra=TWO) as server:
        first, other = server.workers(2)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not is_running(first), "it is gone")
        assert other in server.workers(2)
        assert server.invoke(ROW).status == 200
        assert _loads(root) == [server.process.pid]


def test_a_model_with_threads_is_loaded_by_each_worker(root: Path, tmp_path: Path) -> None:
    with served(root, source=room(tmp_path / "room", THREADED), extra=TWO) as server:
        workers = server.workers(2)
        wait_until(lambda: set(workers) < set(_loads(root)), "each has loaded it")
        assert {server.invoke(ROW).body for _ in range(10)} == {b"virginica\n"}
        _, log = server.stop()
    said = [line["event"] for line in lines(log, "info")]
    assert said[0] == "model has threads, which cannot be shared: each worker loads its own copy"
    assert lines(log, "error") == []


# Leaves a thread behind with each load; loads after the first wait until they may go on. Each
# copy is large.
LARGE_WITH_THREAD = """
import os, threading, time
import numpy as np
_load = load
def load(folder):
    root = Path(os.environ["ML_ROOT"])
    with (root / "loads").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    while len((root / "loads").read_text().split()) > 1 and not (root / "go").exists():
        time.sleep(0.01)
    model = _load(folder)
    object.__setattr__(model, "weights", np.ones(16_000_000))
    return model
"""


def _megabytes(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def test_ping_answers_503_while_each_worker_loads_and_no_further_copy_is_kept(
    root: Path, tmp_path: Path
) -> None:
    source = room(tmp_path / "room", LARGE_WITH_THREAD)
    with served(root, source=source, until=503, extra=TWO) as server:
        wait_until(lambda: len(_loads(root)) == 3, "both workers load")
        with Client(server.port, timeout=PATIENCE) as client:
            client.send(invocation())
            assert server.ping() == 503
            (root / "go").touch()
            assert client.reply().body == b"virginica\n"
        assert [server.invoke(ROW).status for _ in range(10)] == [200] * 10
        assert _megabytes(server.process.pid) < 100
        workers = server.workers(2)
        wait_until(lambda: min(map(_megabytes, workers)) > 128, "both have loaded it")
        code, _ = server.stop()
        assert code == 0


def _unhealthy(server: Server, said: str) -> dict[str, object]:
    """Asks a server that must be unhealthy; returns its one line of error."""
    wait_until(lambda: said in server.invoke(ROW).error, said)
    assert server.ping() == 503
    code, log = server.stop()
    assert code == 0
    [line] = lines(log, "error")
    return line


@pytest.mark.parametrize(
    ("changes", "said", "event", "reason"),
    [
        ("import nowhere", "could not be loaded", "model could not be loaded", "nowhere"),
        (
            "def load(folder): raise SystemExit('no licence')",
            "could not be loaded",
            "model could not be loaded",
            "no licence",
        ),
        (
            "def predict(model, features): raise KeyError('feature 3')",
            "cannot predict",
            "model cannot predict a row of zeros",
            "feature 3",
        ),
        (
            "def predict(model, features): return []",
            "cannot predict",
            "model cannot predict a row of zeros",
            "predict gave 0 predictions for one row",
        ),
    ],
)
def test_a_model_that_cannot_serve_is_unhealthy_and_the_log_says_why(
    root: Path, tmp_path: Path, changes: str, said: str, event: str, reason: str
) -> None:
    with served(root, source=room(tmp_path / "room", changes), until=503) as server:
        line = _unhealthy(server, said)
    assert line["event"] == event
    assert reason in str(line["reason"])


def test_tests_of_a_model_that_cannot_serve_say_why_at_once(root: Path, tmp_path: Path) -> None:
    source = room(tmp_path / "room", "def predict(model, features): raise ValueError('no zeros')")
    with pytest.raises(AssertionError, match="no zeros"), served(root, source=source):
        pass
