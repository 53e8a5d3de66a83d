"""The image of HEAD in the local cloud's ECR: built, or what stands for it without an engine."""

from __future__ import annotations

import io
import json
import re
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.archives import unpack
from local.deployment import Deployment
from local.engine import Engine
from local.git import complaint_of, git
from local.image_build import PushedImage, build, publish_source
from local.running_cloud import RunningCloud
from local.terminal import LocalError, say
from mlops_stacks.settings import load_settings

_ROOT = Path(__file__).resolve().parent.parent


def head_commit() -> str:
    """The full hash of HEAD.

    Raises:
        LocalError: the folder is no git repository or has no commit.
    """
    return _git("rev-parse", "HEAD").decode().strip()


def head_author() -> str:
    """The e-mail of whoever wrote HEAD; empty if there is none that could be one.

    Raises:
        LocalError: the folder is no git repository or has no commit.
    """
    address = _git("log", "-1", "--format=%ae").decode(errors="replace").strip()
    return address if re.fullmatch(r"[^\s@]+@[^\s@]+", address) else ""


def push_head(cloud: RunningCloud, deployment: Deployment, engine: Engine | None) -> PushedImage:
    """Put the image of HEAD into the repository, if it is not there.

    What is released is what is committed: `container/` of HEAD, not of the working tree.
    """
    commit = head_commit()
    if _git("status", "--porcelain", "--", "container"):
        say("   Note: container/ has changes that are not committed; HEAD is released.")
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        archive = _git("archive", "--format=tar", commit, "container")
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            unpack(tar, Path(folder))
        container = Path(folder) / "container"
        return push_folder(
            cloud, deployment, engine, folder=container, commit=commit, settings=_settings()
        )


def push_folder(
    cloud: RunningCloud,
    deployment: Deployment,
    engine: Engine | None,
    *,
    folder: Path,
    commit: str,
    settings: Mapping[str, str] | None = None,
) -> PushedImage:
    """The same for any `container/` folder and any commit hash.

    Args:
        settings: more variables for the script that builds.
    """
    if engine is None:
        image = publish_source(cloud, deployment, folder=folder, commit=commit)
    else:
        image = build(
            cloud,
            deployment,
            engine,
            folder=folder,
            commit=commit,
            settings=settings or {},
        )
    say(f"   {image.tag}: {image.uri}")
    return image


def _settings() -> dict[str, str]:
    """What settings.toml says of the image, as the pipeline tells the script."""
    settings = load_settings()
    return {
        "HYPERPARAMETERS": json.dumps(settings.model.hyperparameters_as_text),
        "SCAN_SEVERITY": settings.image.scan_severity,
        "SCAN_ACCEPTED": " ".join(settings.image.accepted_findings),
        "SOURCE_URL": settings.image.source_url,
    }


def _git(*arguments: str) -> bytes:
    result = git("-C", str(_ROOT), *arguments)
    if result.returncode:
        raise LocalError(
            what=f"git {arguments[0]} failed",
            why=complaint_of(result),
            next_step="a release is made of a commit: clone the repository, or `git init` and "
            "commit",
        )
    return result.stdout
