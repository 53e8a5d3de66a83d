"""The interface between SageMaker's jobs and what runs their images."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from boto3.session import Session


@dataclass(frozen=True, kw_only=True)
class Run:
    """One start of an image as SageMaker does it: `<image> train` or `<image> serve`.

    `ml_root` is the host's folder behind /opt/ml, `log` takes stdout and stderr, `session` holds
    the credentials of the execution role, `name` labels the run for a person who lists what runs,
    `isolated` is SageMaker's network isolation.
    """

    image: str
    command: Literal["train", "serve"]
    ml_root: Path
    environment: Mapping[str, str]
    log: Path
    session: Session
    name: str
    isolated: bool


class Container(ABC):
    """A running image: the process that carries its output, and the port that it answers on."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port

    @property
    def url(self) -> str:
        """Base URL of the HTTP server that `serve` starts."""
        return f"http://127.0.0.1:{self._port}"

    def wait(self, timeout: float) -> int | None:
        """Exit code, or None when it still runs after `timeout` seconds."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        self._close_pipe()
        return code

    @abstractmethod
    def stop(self, grace: float) -> None:
        """SIGTERM, `grace` seconds, then SIGKILL of everything it started. Safe to repeat."""

    def _close_pipe(self) -> None:
        """Let the supervisor know that nobody holds the container any more."""
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(OSError):
                pipe.close()


class Runner(Protocol):
    """Starts images and ends them all."""

    def prepare(self, image: str, session: Session, log: Path) -> None:
        """Fetch the image with the role's credentials. Raises ImageError with a text for people."""

    def start(self, run: Run) -> Container:
        """Start a prepared image. Raises ImageError when it cannot be started."""

    def shutdown(self) -> None:
        """End everything that was started and is still running."""


def free_port() -> int:
    """A TCP port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
