"""The engine runner on a real engine; the tests that need none check its arguments."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, cast

import pytest
from ministack.services import ecr as registry  # type: ignore[import-untyped]

from local.engine import choose_engine
from local.sagemaker.errors import ImageError
from local.sagemaker.runners import engine, supervisor
from local.sagemaker.runners.base import Run
from local.sagemaker.runners.engine import EngineRunner, detect_engine
from tests.unit.local.sagemaker.fakes import ACCOUNT, IMAGE, REGION, FakeEcr, FakeS3, FakeSession
from tests.unit.local.sagemaker.registry_protocol import RegistryProtocol


def test_images_map_to_the_local_registry() -> None:
    runner = EngineRunner(program="docker", registry="localhost:5000")
    assert runner.local_name(IMAGE) == "localhost:5000/models:abc"
    digest = "sha256:" + "a" * 64
    by_digest = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/models@{digest}"
    assert runner.local_name(by_digest) == f"localhost:5000/team/models@{digest}"


def test_docker_is_taken_before_podman_and_none_when_none_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering: set[str] = set()

    def answer(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if command[0] not in answering:
            raise FileNotFoundError
        return subprocess.CompletedProcess(command, 0, stdout="5.0\n", stderr="")

    monkeypatch.setattr(engine.subprocess, "run", answer)  # type: ignore[attr-defined]
    assert detect_engine() is None
    answering.add("podman")
    assert detect_engine() == "podman"
    answering.add("docker")
    assert detect_engine() == "docker"


ROOT = Path(__file__).resolve().parents[4]
_RUN = "training-Job-1"
PROGRAM = """\
import os, pathlib, signal, sys, time
if sys.argv[1] == "train":
    root = pathlib.Path("/opt/ml")
    mode = (root / "mode").read_text()
    names = ("TRAINING_JOB_NAME", "AWS_ENDPOINT_URL", "HOME")
    print(*[os.environ.get(name) for name in names], sep="|", flush=True)
    if mode == "networks":
        print(*sorted(os.listdir("/sys/class/net")), flush=True)
    if mode == "hang":
        def leave(*_):
            (root / "saved").write_text("saved")
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print("hanging", flush=True)
        time.sleep(600)
    (root / "model").mkdir()
    (root / "model" / "weights").write_text(mode)
    sys.exit(5)
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"pong")
HTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def program() -> str:
    found = detect_engine()
    if found is None:
        pytest.skip("no container engine answers: start Docker or install Podman")
    return found


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def local_registry() -> Iterator[str]:
    """MiniStack's registry protocol on a port of its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), RegistryProtocol)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    registry._create_repository({"repositoryName": "models"})
    yield f"localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    registry.reset()


@pytest.fixture(scope="module")
def image(
    program: str, local_registry: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """An image with PROGRAM as its entry point, under the name that the runner starts."""
    chosen = choose_engine("auto", cache=ROOT / ".local" / "cache")
    if chosen is None:
        pytest.skip(f"no base image for {program}, and none can be pulled or made")
    folder = tmp_path_factory.mktemp("image")
    (folder / "program.py").write_text(PROGRAM)
    (folder / "Dockerfile").write_text(
        f"FROM {chosen.base_image}\n"
        "COPY program.py /\n"
        'ENTRYPOINT ["python3", "-u", "/program.py"]\n'
    )
    name = f"{local_registry}/models:abc"
    run(program, "build", "--quiet", "--tag", name, str(folder))
    yield name
    run(program, "rmi", name)


@pytest.fixture
def session() -> Iterator[FakeSession]:
    ecr = FakeEcr()
    ecr.repositories["models"].update(abc=("{}", ""), tiny=("{}", ""))
    yield FakeSession(FakeS3(), ecr)
    ecr.close()


@pytest.fixture
def runner(program: str, local_registry: str) -> Iterator[EngineRunner]:
    made = EngineRunner(program=program, registry=local_registry)
    yield made
    made.shutdown()
    # Other clouds may run containers of theirs beside it.
    own = f"label=mlops.local-sagemaker={_RUN}"
    left = run(program, "ps", "--all", "--quiet", "--filter", own)
    assert left == ""


def request(
    session: FakeSession,
    folder: Path,
    *,
    command: Literal["train", "serve"],
    mode: str = "",
    isolated: bool = False,
) -> Run:
    root = folder / "ml"
    root.mkdir()
    (root / "mode").write_text(mode)
    return Run(
        image=IMAGE,
        command=command,
        ml_root=root,
        environment={
            "TRAINING_JOB_NAME": "job 1",
            "AWS_ENDPOINT_URL": "https://localhost:1",
            "HOME": "/home/model",
        },
        log=folder / "log",
        session=cast(Any, session),
        name=_RUN,
        isolated=isolated,
    )


@pytest.mark.engine
def test_train_writes_through_the_mount_and_passes_its_exit_code(
    image: str, runner: EngineRunner, session: FakeSession, tmp_path: Path
) -> None:
    assert runner.local_name(IMAGE) == image
    job = request(session, tmp_path, command="train", mode="quick")
    container = runner.start(job)
    assert container.wait(60) == 5
    assert (job.ml_root / "model" / "weights").read_text() == "quick"
    assert job.log.read_text() == "job 1|None|/home/model\n"


@pytest.mark.engine
@pytest.mark.parametrize("isolated", [True, False])
def test_network_isolation_leaves_training_no_network_but_loopback(
    image: str, runner: EngineRunner, session: FakeSession, tmp_path: Path, isolated: bool
) -> None:
    assert runner.local_name(IMAGE) == image
    job = request(session, tmp_path, command="train", mode="networks", isolated=isolated)
    assert runner.start(job).wait(60) == 5
    assert (job.log.read_text().splitlines()[1] == "lo") == isolated


@pytest.mark.engine
def test_stop_is_sigterm_first(
    image: str, runner: EngineRunner, session: FakeSession, tmp_path: Path
) -> None:
    assert runner.local_name(IMAGE) == image
    job = request(session, tmp_path, command="train", mode="hang")
    container = runner.start(job)
    deadline = time.monotonic() + 30
    while "hanging" not in job.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    container.stop(10)
    assert (job.ml_root / "saved").read_text() == "saved"


@pytest.mark.engine
def test_serve_answers_on_the_published_port_until_shutdown(
    image: str, runner: EngineRunner, session: FakeSession, tmp_path: Path
) -> None:
    assert runner.local_name(IMAGE) == image
    job = request(session, tmp_path, command="serve")
    container = runner.start(job)
    assert container.url.startswith("http://127.0.0.1:")
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"{container.url}/ping", timeout=2) as answer:  # noqa: S310
                assert answer.read() == b"pong"
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    runner.shutdown()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{container.url}/ping", timeout=2)  # noqa: S310


@pytest.mark.engine
def test_a_killed_cloud_leaves_no_container(
    image: str,
    program: str,
    runner: EngineRunner,
) -> None:
    # Given a cloud in a process of its own with a running container
    assert runner.local_name(IMAGE) == image
    cleanup = json.dumps(engine._remove(program, "sagemaker-killed"))
    cloud = subprocess.Popen(
        [
            *[sys.executable, "-c"],
            "import subprocess, sys, time\n"
            "subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\n"
            "time.sleep(600)",
            *[sys.executable, "-I", str(supervisor.__file__), cleanup, program, "run", "--rm"],
            *["--name", "sagemaker-killed", image, "serve"],
        ]
    )

    def there() -> bool:
        return "sagemaker-killed" in run(program, "ps", "--all", "--format", "{{.Names}}")

    deadline = time.monotonic() + 30
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # When the cloud is killed
    cloud.kill()
    cloud.wait()
    # Then the container goes
    while there():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.engine
def test_an_image_is_pulled_and_its_name_goes_at_shutdown(
    program: str, local_registry: str, session: FakeSession, tmp_path: Path
) -> None:
    # Given an image in the registry that the engine does not have
    (tmp_path / "file").write_text("content")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY file /\n")
    name = f"{local_registry}/models:tiny"
    run(program, "build", "--quiet", "--tag", name, str(tmp_path))
    insecure = ["--tls-verify=false"] if program == "podman" else []
    run(program, "push", *insecure, name)
    run(program, "rmi", name)
    runner = EngineRunner(program=program, registry=local_registry)
    # When it is prepared
    runner.prepare(IMAGE.replace(":abc", ":tiny"), cast(Any, session), tmp_path / "log")
    # Then the engine has it, until shutdown
    assert name in run(program, "images", "--format", "{{.Repository}}:{{.Tag}}")
    runner.shutdown()
    assert name not in run(program, "images", "--format", "{{.Repository}}:{{.Tag}}")


@pytest.mark.engine
def test_a_pull_that_fails_says_why(program: str, session: FakeSession, tmp_path: Path) -> None:
    runner = EngineRunner(program=program, registry="localhost:1")
    with pytest.raises(ImageError, match=f"cannot be pulled with {program}"):
        runner.prepare(IMAGE, cast(Any, session), tmp_path / "log")
