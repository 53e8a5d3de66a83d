"""What the tests share: running the real `train` and `serve` as processes, and asking them."""

import atexit
import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CONTAINER = Path(__file__).resolve().parent.parent
SAMPLE = Path(__file__).resolve().parent / "sample_model"  # a model and its data
PATIENCE = 30.0  # seconds before a test that waits for something fails


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> str:
        return str(json.loads(self.body)["error"])


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Polls until ``condition`` holds; fails the test if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain until {what}"
        time.sleep(0.01)


def ml_root(folder: Path, files: Mapping[str, bytes], settings: object = None) -> Path:
    """Lays out /opt/ml under ``folder``: the training channel's files and the hyperparameters."""
    channel = folder / "input" / "data" / "training"
    for name, content in files.items():
        path = channel / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for name in ("input/config", "model", "output"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if settings is not None:
        (folder / "input/config/hyperparameters.json").write_text(json.dumps(settings))
    return folder


def room(folder: Path, changes: str = "") -> Path:
    """The container with the sample model, whose model.py ends with ``changes``, as if edited."""
    folder.mkdir()
    shutil.copytree(CONTAINER / "plumbing", folder / "plumbing")
    for name in ("train", "serve"):
        shutil.copy(CONTAINER / name, folder / name)
    source = (SAMPLE / "model.py").read_text(encoding="utf-8")
    (folder / "model.py").write_text(f"{source}\n\n{changes}\n", encoding="utf-8")
    return folder


@functools.cache
def sample_room() -> Path:
    """The container with the sample model as it is; made once, removed at the end."""
    folder = tempfile.TemporaryDirectory(prefix="room-")
    atexit.register(folder.cleanup)
    return room(Path(folder.name) / "container")


def environment(root: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SAGEMAKER_", "SERVE_"))}
    return {**inherited, "ML_ROOT": str(root), "PYTHONDONTWRITEBYTECODE": "1", **(extra or {})}


def start(
    name: str, root: Path, *, source: Path | None = None, extra: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Starts `train` or `serve` of ``source``, else of the sample, with another folder as cwd."""
    return subprocess.Popen(
        [sys.executable, str((source or sample_room()) / name)],
        cwd=root,
        env=environment(root, extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train(
    root: Path, *, source: Path | None = None, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    process = start("train", root, source=source, extra=extra)
    out, err = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def failure(root: Path) -> str:
    return (root / "output" / "failure").read_text(encoding="utf-8")


def model_files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "model").iterdir())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    port: int

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One request; a header's name is given with _ for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)  # type: ignore[arg-type]
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())

    def invoke(self, body: bytes | str, content_type: str = "text/csv", **headers: str) -> Answer:
        headers = {"Content_Type": content_type, **headers}
        content = body.encode() if isinstance(body, str) else body
        return self.ask("POST", "/invocations", content, **headers)

    def ping(self) -> int:
        """The status of /ping, 0 while nothing listens."""
        try:
            return self.ask("GET", "/ping").status
        except OSError:
            return 0

    def unfit(self) -> bool:
        """Whether serve has found out that it will never be healthy."""
        try:
            answer = self.ask("GET", "/ping")
        except OSError:
            return False
        return answer.status == 503 and answer.error.endswith("The log says why.")

    def workers(self, number: int) -> list[int]:
        """Their processes: the first one answers while others are still being started."""
        wait_until(lambda: len(children(self.process.pid)) == number, f"there are {number} workers")
        return children(self.process.pid)

    def stop(self) -> tuple[int, str]:
        """Sends SIGTERM; returns exit code and log."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, log


@contextlib.contextmanager
def served(
    root: Path,
    *,
    source: Path | None = None,
    extra: Mapping[str, str] | None = None,
    until: int = 200,
) -> Iterator[Server]:
    """Serves until the block ends, which it enters when /ping answers ``until``.

    A model that cannot be loaded or cannot predict fails the test at once, with the log.
    """
    port = free_port()
    settings = {"SERVE_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port), **(extra or {})}
    server = Server(start("serve", root, source=source, extra=settings), port)
    try:
        wait_until(
            lambda: (
                server.process.poll() is not None
                or server.ping() == until
                or (until == 200 and server.unfit())
            ),
            f"/ping answers {until}",
        )
        if until == 200 and server.process.poll() is None and server.unfit():
            raise AssertionError(f"serve does not become healthy:\n{server.stop()[1]}")
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
        for stream in (server.process.stdout, server.process.stderr):
            assert stream is not None
            stream.close()


def lines(log: str, level: str) -> list[dict[str, object]]:
    """The log's lines of ``level``: errors are told from the counts of requests by it."""
    return [line for line in map(json.loads, log.splitlines()) if line["level"] == level]


def is_running(process_id: int) -> bool:
    """Whether a process is there and not just waiting to be collected."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def children(process_id: int) -> list[int]:
    text = Path(f"/proc/{process_id}/task/{process_id}/children").read_text()
    return [int(child) for child in text.split()]
