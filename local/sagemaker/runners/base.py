"""The interface between SageMaker's jobs and what runs their images."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from boto3.session import Session


@dataclass(frozen=True, kw_only=True)
class Run:
    """One start of an image as SageMaker does it: `<image> train` or `<image> serve`.

    `ml_root` is the host's folder behind /opt/ml, `log` takes stdout and stderr, `session` holds
    the credentials of the execution role, `name` labels the run for a person who lists what runs.
    """

    image: str
    command: Literal["train", "serve"]
    ml_root: Path
    environment: Mapping[str, str]
    log: Path
    session: Session
    name: str


class Container(Protocol):
    """A running image."""

    @property
    def url(self) -> str:
        """Base URL of the HTTP server that `serve` starts."""

    def wait(self, timeout: float) -> int | None:
        """Exit code, or None when it still runs after `timeout` seconds."""

    def stop(self, grace: float) -> None:
        """SIGTERM, `grace` seconds, then SIGKILL of everything it started. Safe to repeat."""


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
