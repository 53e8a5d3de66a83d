"""The image of HEAD in the local cloud's ECR: built, or what stands for it without an engine."""

from __future__ import annotations

import io
import os
import platform
import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from local import registry_login
from local.archives import unpack
from local.deployment import Deployment
from local.engine import Engine
from local.running_cloud import RunningCloud
from local.sagemaker.source_images import publish_source_image
from local.terminal import LocalError, run_logged, say

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class PushedImage:
    """An image that is in the repository.

    Attributes:
        tag: the commit's, as the workflow knows it.
        uri: `<repository>@sha256:…`, which cannot come to mean another image.
    """

    tag: str
    uri: str

    def release_input(self, *, committer: str = "") -> dict[str, str]:
        """What the workflow starts with, as container/build-and-push.sh writes it.

        `committer` is the e-mail of whoever wrote the commit, if that is known.
        """
        given = {"commitID": self.tag, "imageUri": self.uri}
        return {**given, "committer": committer} if committer else given


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
        return push_folder(cloud, deployment, engine, folder=container, commit=commit)


def push_folder(
    cloud: RunningCloud,
    deployment: Deployment,
    engine: Engine | None,
    *,
    folder: Path,
    commit: str,
) -> PushedImage:
    """The same for any `container/` folder and any commit hash."""
    tag = commit[:8]
    client = deployment.session(cloud).client("ecr")

    def find() -> str | None:
        found = client.batch_get_image(
            repositoryName=deployment.repository_name, imageIds=[{"imageTag": tag}]
        )["images"]
        return found[0]["imageId"]["imageDigest"] if found else None

    digest = find()
    if digest:
        say(f"   {tag} is there already: the same commit is the same image.")
    elif engine is None:
        digest = publish_source_image(
            client, repository_name=deployment.repository_name, tag=tag, folder=folder
        )
    else:
        _build(cloud, deployment, engine, folder=folder, commit=commit)
        digest = find()
    image = PushedImage(tag=tag, uri=f"{deployment.repository_uri}@{digest}")
    say(f"   {tag}: {image.uri}")
    return image


def _build(
    cloud: RunningCloud, deployment: Deployment, engine: Engine, *, folder: Path, commit: str
) -> None:
    bundle = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or ""
    environment = {
        **os.environ,
        **registry_login.variables(cloud.state_dir),
        "REPOSITORY_URI": deployment.local_repository(cloud),
        "COMMIT_ID": commit,
        "BASE_IMAGE": engine.base_image,
        "CONTAINER_ENGINE": engine.program,
        "CA_BUNDLE": bundle,
        "OUTPUT": str(folder.parent / "release-input.json"),
        # It runs here, not on SageMaker's machines.
        "PLATFORM": "linux/arm64" if platform.machine() in ("arm64", "aarch64") else "linux/amd64",
        # The registry shows the local cloud's own certificate.
        "PUSH_OPTIONS": "--tls-verify=false" if engine.program == "podman" else "",
    }
    run_logged(
        ["bash", str(folder / "build-and-push.sh")],
        environment=environment,
        log=cloud.state_dir / "image-build.log",
        what=f"The image of {commit[:8]} could not be built and pushed",
        next_step="mend container/ and commit, or use ENGINE=none",
    )


def _git(*arguments: str) -> bytes:
    result = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, check=False)
    if result.returncode:
        raise LocalError(
            what=f"git {arguments[0]} failed",
            why=result.stderr.decode(errors="replace").strip(),
            next_step="a release is made of a commit: clone the repository, or `git init` and "
            "commit",
        )
    return result.stdout
