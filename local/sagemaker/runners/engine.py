"""Runs container images with Docker or Podman, by their command line.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from boto3.session import Session

from local.sagemaker.errors import ImageError
from local.sagemaker.images import ImageReference, find_image
from local.sagemaker.runners import supervisor
from local.sagemaker.runners.base import Container, Run, free_port

_LABEL = "mlops.local-sagemaker"
_PULL_SECONDS = 900
_CONTAINER_PORT = 8080
# A container reaches the cloud's loopback address under no name that works everywhere.
_HOST_ONLY = frozenset({"AWS_ENDPOINT_URL", "AWS_CA_BUNDLE"})


def detect_engine() -> str | None:
    """`docker` or `podman`, the first whose engine answers, or None.

    A Docker client that talks to Podman's service gives way to Podman's own client: only that one
    can be told that the local registry shows a certificate of its own.
    """
    docker = _answer(["docker", "info", "--format", "{{.ServerVersion}}"])
    podman = _answer(["podman", "info", "--format", "{{.Version.Version}}"])
    if docker and not (podman and "Podman" in _answer(["docker", "version"])):
        return "docker"
    return "podman" if podman else None


def _answer(command: list[str]) -> str:
    """What a client prints, or nothing when it or its engine does not answer."""
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


class EngineContainer(Container):
    """A container and the attached client that carries its output to the log."""

    def __init__(
        self, process: subprocess.Popen[bytes], port: int, *, program: str, name: str
    ) -> None:
        super().__init__(process, port)
        self._program = program
        self._name = name

    def stop(self, grace: float) -> None:
        """SIGTERM, `grace` seconds, then SIGKILL, and the container is removed."""
        if self._process.poll() is None:
            if grace > 0:
                _quiet([self._program, "stop", "--time", str(max(1, round(grace))), self._name])
                self.wait(5)
            _quiet(_remove(self._program, self._name))
        self._close_pipe()
        self._process.wait()


class EngineRunner:
    """The runner for a machine with Docker or Podman.

    `registry` is `host:port` of the local ECR's registry protocol, on the loopback interface;
    `login` are the variables that let the engine's client in. Images of other registries than
    `own`, an AWS host name, are asked for with theirs before it.
    """

    def __init__(
        self,
        *,
        program: str,
        registry: str,
        login: Mapping[str, str] | None = None,
        own: str | None = None,
    ) -> None:
        self._login = dict(login or {})
        self._program = program
        self._registry = registry
        self._own = own
        self._running: list[EngineContainer] = []
        self._pulled: set[str] = set()
        self._lock = threading.Lock()

    def prepare(self, image: str, session: Session, log: Path) -> None:
        """Pull the image, when ECR lets the role have it."""
        if find_image(session, image) is None:
            raise ImageError(f"{image} is not in ECR. Release the commit again to push it.")
        insecure = ["--tls-verify=false"] if self._program == "podman" else []
        result = subprocess.run(
            [self._program, "pull", "--quiet", *insecure, self.local_name(image)],
            env={**os.environ, **self._login},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PULL_SECONDS,
            check=False,
        )
        if result.returncode:
            with log.open("a", encoding="utf-8") as file:
                file.write(result.stderr)
            last = result.stderr.strip().splitlines()[-1:] or [f"exit code {result.returncode}"]
            raise ImageError(f"{image} cannot be pulled with {self._program}: {last[0]}")
        with self._lock:
            self._pulled.add(self.local_name(image))

    def start(self, run: Run) -> EngineContainer:
        """Run `<image> train` or `<image> serve` with the folder at /opt/ml."""
        name = f"sagemaker-{re.sub('[^a-zA-Z0-9-]', '-', run.name)}-{uuid.uuid4().hex[:8]}"
        port = free_port()
        environment = {
            key: value for key, value in run.environment.items() if key not in _HOST_ONLY
        }
        client_environment = _client_environment()
        _open_to_every_user(run.ml_root)
        command = [
            *[self._program, "run", "--rm", "--name", name, "--label", f"{_LABEL}={run.name}"],
            *["--volume", f"{run.ml_root}:/opt/ml"],
            *_user_arguments(self._program),
            *_environment_arguments(environment, client_environment),
        ]
        if run.command == "train" and run.isolated:
            command += ["--network", "none"]
        if run.command == "serve":
            command += ["--publish", f"127.0.0.1:{port}:{_CONTAINER_PORT}"]
        command += [self.local_name(run.image), run.command]
        cleanup = json.dumps(_remove(self._program, name))
        with run.log.open("ab") as log:
            client = subprocess.Popen(
                [sys.executable, "-I", supervisor.__file__, cleanup, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment, **client_environment},
                start_new_session=True,
            )
        container = EngineContainer(client, port, program=self._program, name=name)
        with self._lock:
            self._running = [other for other in self._running if other.wait(0) is None]
            self._running.append(container)
        return container

    def shutdown(self) -> None:
        """Remove every container that still runs, and the names of the pulled images.

        A name holds the registry's port, which is another one in the next cloud; layers that other
        names share stay.
        """
        with self._lock:
            running, self._running = self._running, []
            pulled, self._pulled = self._pulled, set()
        for container in running:
            container.stop(0)
        for name in sorted(pulled):
            _quiet([self._program, "rmi", name])

    def local_name(self, image: str) -> str:
        """The image's name in the local registry."""
        reference = ImageReference.parse(image)
        theirs = "" if self._own in (None, reference.registry) else f"{reference.registry}/"
        return f"{self._registry}/{theirs}{reference.repository}{reference.suffix}"


def _remove(program: str, name: str) -> list[str]:
    # Docker kills at once; Podman waits ten seconds for an end in good order unless told.
    at_once = ["--time", "0"] if program == "podman" else []
    return [program, "rm", "--force", *at_once, name]


def _client_environment() -> Mapping[str, str]:
    """What Docker's and Podman's clients need of ours: no credential of the operator."""
    kept = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")
    engine = ("DOCKER_", "CONTAINER", "DBUS_")
    return {
        key: value for key, value in os.environ.items() if key in kept or key.startswith(engine)
    }


def _environment_arguments(
    environment: Mapping[str, str], client_environment: Mapping[str, str]
) -> list[str]:
    # By name only: a value in the arguments could be read by every user of the machine. A name
    # that the client itself needs, such as PATH, must carry its value.
    return [
        part
        for key, value in environment.items()
        for part in ("--env", f"{key}={value}" if key in client_environment else key)
    ]


def _user_arguments(program: str) -> list[str]:
    # As root, the image's own user runs and everything can be removed afterwards. Else its files
    # must belong to whoever runs the cloud, or the folder could not be removed.
    user = f"{os.getuid()}:{os.getgid()}"
    if program == "podman":
        label = ["--security-opt", "label=disable"]
        return label if os.getuid() == 0 else [*label, "--userns", "keep-id", "--user", user]
    return [] if os.getuid() == 0 else ["--user", user]


def _open_to_every_user(folder: Path) -> None:
    """The image's user is not ours: SageMaker's /opt/ml is writable for every user too."""
    folder.chmod(0o777)
    for path in folder.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)


def _quiet(command: list[str]) -> None:
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
