"""Runs source images as local processes, each in its own environment."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from boto3.session import Session

from local.sagemaker.errors import ImageError
from local.sagemaker.runners import supervisor
from local.sagemaker.runners.base import Container, Run, free_port
from local.sagemaker.source_images import fetch_source_image


def environment_name(requirements: bytes) -> str:
    """The folder's name of the environment that is made of a requirements.txt."""
    return hashlib.sha256(sys.version.encode() + b"\0" + requirements).hexdigest()[:16]


class LocalProcess(Container):
    """A `train` or `serve` program under its supervisor."""

    def stop(self, grace: float) -> None:
        """SIGTERM, `grace` seconds, then SIGKILL of everything it started."""
        if self._process.poll() is None and grace > 0:
            self._process.terminate()
            self.wait(grace)
        self._close_pipe()
        self._process.wait()


class ProcessRunner:
    """The runner for a machine without a container engine.

    Environments are made once per content of requirements.txt, below `state_dir/environments`.
    """

    def __init__(self, state_dir: Path) -> None:
        self._sources = state_dir / "sources"
        self._environments = state_dir / "environments"
        self._running: list[LocalProcess] = []
        self._lock = threading.Lock()

    def prepare(self, image: str, session: Session, log: Path) -> None:
        """Fetch and unpack the source image and make its environment."""
        source = fetch_source_image(session, uri=image, folder=self._sources)
        self._environment(source, log)

    def start(self, run: Run) -> LocalProcess:
        """Start `train` or `serve` of a source image with a clean environment."""
        source = fetch_source_image(run.session, uri=run.image, folder=self._sources)
        program = source / run.command
        if not program.is_file():
            raise ImageError(f"{run.image} has no {run.command} program in its container/ folder.")
        python = self._environment(source, run.log)
        port = free_port()
        scratch = run.ml_root / ".tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        environment = {
            "PATH": os.pathsep.join([str(python.parent), os.defpath]),
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **run.environment,
            "ML_ROOT": str(run.ml_root),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SERVE_HOST": "127.0.0.1",
        }
        with run.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-I", supervisor.__file__, "[]", str(python), str(program)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=source,
                env=environment,
                start_new_session=True,
            )
        container = LocalProcess(process, port)
        with self._lock:
            self._running = [other for other in self._running if other.wait(0) is None]
            self._running.append(container)
        return container

    def shutdown(self) -> None:
        """End every process that still runs."""
        with self._lock:
            running, self._running = self._running, []
        for container in running:
            container.stop(0)

    def _environment(self, source: Path, log: Path) -> Path:
        """The Python of the source's environment, made when it is not there yet."""
        requirements = source / "requirements.txt"
        content = requirements.read_bytes() if requirements.is_file() else b""
        folder = self._environments / environment_name(content)
        python, complete = folder / "bin" / "python", folder / ".complete"
        if complete.is_file():
            return python
        self._environments.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            if complete.is_file():
                return python
            # A marker, not a rename: an environment's scripts carry its absolute path.
            shutil.rmtree(folder, ignore_errors=True)
            wanted = [line for line in content.decode().splitlines() if line.split("#")[0].strip()]
            bare = [] if wanted else ["--without-pip"]
            _call([sys.executable, "-m", "venv", *bare, str(folder)], log)
            if wanted:
                install = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
                _call([*install, "--quiet", "-r", str(requirements)], log)
            complete.touch()
        return python


def _call(command: list[str], log: Path) -> None:
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    output = (result.stdout + result.stderr).strip()
    if output:
        with log.open("a", encoding="utf-8") as file:
            file.write(output + "\n")
    if result.returncode:
        last = " ".join(output.splitlines()[-3:]) or f"exit code {result.returncode}"
        raise ImageError(
            f"The image's Python environment cannot be made: {last} "
            "Correct container/requirements.txt, or the network, and release again."
        )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
