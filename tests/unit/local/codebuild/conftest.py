"""A CodeBuild whose S3, logs and IAM are fakes; its builds are real processes."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.codebuild.builds import BuildResult, Builds, ObjectLocation
from local.codebuild.machine import Machine
from local.codebuild.projects import IMAGE, Projects
from local.codebuild.request import BuildRequest
from tests.unit.local.codebuild.aws_fakes import CALLER, ROLE, FakeAws

Build = Callable[..., BuildResult]
OUT = ObjectLocation(bucket="out", key="a.zip")


def project(buildspec: object, **more: object) -> dict[str, Any]:
    """A project's description; `more` replaces members."""
    text = buildspec if isinstance(buildspec, str) else json.dumps(buildspec)
    return {
        "name": "it",
        "source": {"type": "CODEPIPELINE", "buildspec": text},
        "artifacts": {"type": "CODEPIPELINE"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        "serviceRole": ROLE,
        **more,
    }


def spec(**phases: list[str]) -> dict[str, Any]:
    """A buildspec of these phases' commands."""
    return {
        "version": "0.2",
        "phases": {name: {"commands": commands} for name, commands in phases.items()},
    }


def zipped(files: Mapping[str, str]) -> bytes:
    """A source artifact."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def names(content: bytes) -> set[str]:
    """What a zip holds."""
    return set(zipfile.ZipFile(io.BytesIO(content)).namelist())


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def builds(tmp_path: Path, aws: FakeAws) -> Iterator[Builds]:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    machine = Machine(
        variables={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SECRET": "of a person"},
        builds=tmp_path / "builds",
        engine=None,
        base_image=None,
        registry="localhost:1",
        endpoint_url="https://127.0.0.1:1",
        region="us-east-1",
        bundle=bundle,
    )
    made = Builds(
        projects=Projects(region="us-east-1"),
        machine=machine,
        identities=aws,  # type: ignore[arg-type]
        logs=tmp_path / "logs",
    )
    yield made
    made.shutdown()


@pytest.fixture
def build(builds: Builds, aws: FakeAws) -> Build:
    """Runs a buildspec on a source and waits for its end."""

    def run(
        buildspec: object,
        *,
        source: Mapping[str, str] | None = None,
        described: Mapping[str, Any] | None = None,
        **more: object,
    ) -> BuildResult:
        builds.projects.put(project(buildspec, **(described or {})), account_id=aws.account_id)
        aws.objects["in", "source.zip"] = zipped(source or {"README": "hello"})
        values: dict[str, Any] = {
            "project": "it",
            "caller_role": CALLER,
            "inputs": {"Source": ObjectLocation(bucket="in", key="source.zip")},
            **more,
        }
        request = BuildRequest(**values)
        return builds.wait(builds.start(request))

    return run
