"""Starts a model's container and waits until it is healthy; endpoints and transforms use it.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import shutil
import tarfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from boto3.session import Session

from local.sagemaker import s3
from local.sagemaker.cloud import Cloud
from local.sagemaker.errors import ImageError
from local.sagemaker.jobs import container_environment
from local.sagemaker.runners.base import Container, Run


class UnhealthyError(Exception):
    """The container did not answer /ping with 200 in time; the text says what was seen."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A healthy model container with its connection pool."""

    container: Container
    http: urllib3.PoolManager
    ml_root: Path

    def stop(self, grace: float) -> None:
        """End the container and remove its folder."""
        self.container.stop(grace)
        self.http.clear()
        shutil.rmtree(self.ml_root, ignore_errors=True)


def start_server(
    cloud: Cloud,
    *,
    model: Mapping[str, Any],
    environment: Mapping[str, str],
    ml_root: Path,
    log: Path,
    name: str,
    startup: float,
    check_stop: Callable[[], None],
) -> Server:
    """Download the model's artifact, start `serve` and wait for /ping.

    `model` is what DescribeModel answers. `check_stop` may raise to give up. Raises UnhealthyError,
    ImageError and botocore's ClientError; nothing is left running then.
    """
    container_definition = primary_container(model)
    session = cloud.role_session(model["ExecutionRoleArn"])
    image = container_definition["Image"]
    cloud.runner.prepare(image, session, log)
    check_stop()
    try:
        _fetch_model(session, container_definition, ml_root, check_stop)
        isolated = model.get("EnableNetworkIsolation", False)
        variables = container_environment(
            cloud,
            session,
            isolated=isolated,
            extra={**container_definition.get("Environment", {}), **environment},
        )
        container = cloud.runner.start(
            Run(
                image=image,
                command="serve",
                ml_root=ml_root,
                environment=variables,
                log=log,
                session=session,
                name=name,
                isolated=isolated,
            )
        )
    except BaseException:
        shutil.rmtree(ml_root, ignore_errors=True)
        raise
    server = Server(container=container, http=urllib3.PoolManager(maxsize=64), ml_root=ml_root)
    try:
        _wait_for_ping(server, cloud, startup, check_stop)
    except BaseException:
        server.stop(0)
        raise
    return server


def primary_container(model: Mapping[str, Any]) -> dict[str, Any]:
    """The one container of a model."""
    container: dict[str, Any] = model.get("PrimaryContainer") or model["Containers"][0]
    return container


def _fetch_model(
    session: Session,
    container: Mapping[str, Any],
    ml_root: Path,
    check_stop: Callable[[], None],
) -> None:
    (ml_root / "model").mkdir(parents=True, exist_ok=True)
    url = container.get("ModelDataUrl")
    if url is None:
        return
    archive = ml_root / "model.tar.gz"
    s3.download(
        session.client("s3"), uri=s3.S3Uri.parse(url), target=archive, between_chunks=check_stop
    )
    try:
        s3.unpack(archive, ml_root / "model")
    except (tarfile.TarError, EOFError) as error:
        raise ImageError(f"Failed to extract model data archive {url}: {error}") from error
    archive.unlink()


def _wait_for_ping(
    server: Server, cloud: Cloud, startup: float, check_stop: Callable[[], None]
) -> None:
    deadline = time.monotonic() + startup
    seen = "no answer"
    while time.monotonic() < deadline:
        check_stop()
        code = server.container.wait(cloud.timings.ping_interval)
        if code is not None:
            raise UnhealthyError(f"the container ended with exit code {code}")
        try:
            answer = server.http.request(
                "GET", f"{server.container.url}/ping", timeout=2, retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            seen = type(error).__name__
            continue
        if answer.status == 200:
            return
        seen = f"GET /ping answered {answer.status}"
    raise UnhealthyError(f"{seen} within {startup:g} s")
