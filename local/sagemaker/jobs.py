"""What training and transform jobs share: a table of records, threads, folders, credentials."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker.cloud import Cloud, now
from local.sagemaker.errors import ImageError, JobFailedError, JobStoppedError
from local.sagemaker.json_value import Json
from local.sagemaker.runners.base import Container

_REASON_LENGTH = 1024  # FailureReason of the service model


class Job:
    """One job: what Describe answers, and the handle on its thread and container."""

    def __init__(self, *, name: str, description: dict[str, Any], folder: Path, log: Path) -> None:
        self.name = name
        self.folder = folder
        self.log = log
        self.stop_requested = threading.Event()
        self.lock = threading.Lock()
        self._description = description
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """What Describe answers, to read and change in one step."""
        with self.lock:
            yield self._description
            self._description["LastModifiedTime"] = now()

    def update(self, **members: Json) -> None:
        """Change what Describe answers, all members at once."""
        with self.changing() as description:
            description.update(members)

    def description(self) -> dict[str, Any]:
        """A copy of what Describe answers."""
        with self.lock:
            return dict(self._description)

    def check_stop(self) -> None:
        """Raise JobStoppedError when somebody asked the job to stop."""
        if self.stop_requested.is_set():
            raise JobStoppedError

    def note(self, text: str) -> None:
        """Add a line of the platform to the job's log."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"[sagemaker] {text}\n")

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in the job's own thread with a private folder that goes afterwards."""

        def run() -> None:
            self.folder.mkdir(parents=True)
            try:
                work()
            finally:
                shutil.rmtree(self.folder, ignore_errors=True)

        self._thread = threading.Thread(target=run, name=f"sagemaker-{self.name}", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the job's thread to end."""
        if self._thread is not None:
            self._thread.join()


def failure_reason(error: Exception) -> str:
    """The FailureReason that an error of a job's step becomes."""
    if isinstance(error, JobFailedError):
        reason = str(error)
    elif isinstance(error, ClientError | BotoCoreError | ImageError | ValueError | OSError):
        reason = f"ClientError: {error}"
    else:
        reason = f"InternalServerError: We encountered an internal error. {error!r}"
    return reason[:_REASON_LENGTH]


def wait_for_exit(
    container: Container, *, job: Job, seconds: float | None, grace: float
) -> tuple[int | None, bool]:
    """Wait until the container ends, is asked to stop, or `seconds` are over.

    Returns the exit code, None when it had to be stopped, and whether the time was over.
    """
    deadline = None if seconds is None else now() + seconds
    while True:
        code = container.wait(0.05)
        if code is not None:
            return code, False
        time_over = deadline is not None and now() >= deadline
        if time_over or job.stop_requested.is_set():
            container.stop(grace)
            return None, time_over


def container_environment(
    cloud: Cloud, session: Session, *, isolated: bool, extra: Mapping[str, str]
) -> dict[str, str]:
    """Environment variables of a container: the request's, the region, the role's credentials.

    Network isolation keeps the credentials from the container, as on AWS.
    https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html
    """
    environment = {
        **extra,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
    }
    credentials = session.get_credentials()
    if isolated or credentials is None:
        return environment
    frozen = credentials.get_frozen_credentials()
    environment["AWS_ACCESS_KEY_ID"] = str(frozen.access_key)
    environment["AWS_SECRET_ACCESS_KEY"] = str(frozen.secret_key)
    if frozen.token:
        environment["AWS_SESSION_TOKEN"] = frozen.token
    endpoint = session.client("sts", region_name=cloud.region).meta.endpoint_url
    if ".amazonaws.com" not in endpoint:
        environment["AWS_ENDPOINT_URL"] = endpoint
        if bundle := os.environ.get("AWS_CA_BUNDLE"):
            environment["AWS_CA_BUNDLE"] = bundle
    return environment
