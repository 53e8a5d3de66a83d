"""An image in the local ECR: built by container's script, or the source that stands for one."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local import registry_login
from local.codebuild.machine import write_engine
from local.deployment import Deployment
from local.engine import Engine
from local.running_cloud import RunningCloud
from local.sagemaker.source_images import publish_source_image
from local.terminal import LocalError, run_logged, say

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageTypeDef

_NOTHING = "Nothing to build."


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


def build(
    cloud: RunningCloud,
    deployment: Deployment,
    engine: Engine,
    *,
    folder: Path,
    commit: str,
    settings: Mapping[str, str],
) -> PushedImage:
    """Run container/build-and-push.sh against the local ECR, as the pipeline does against AWS's.

    Args:
        folder: a commit's `container/`, with the model's folder over it.
        settings: more variables for the script.

    Raises:
        LocalError: the image was not built, tried, pushed or let through by its scan.
    """
    log = cloud.state_dir / "image-build.log"
    arm = platform.machine() in ("arm64", "aarch64")
    before = log.stat().st_size if log.is_file() else 0
    with tempfile.TemporaryDirectory(prefix="image-build-") as work:
        docker, config = Path(work) / "docker", Path(work) / "config"
        # A copy: the script logs in, as who pushes.
        shutil.copytree(
            registry_login.variables(cloud.state_dir)["DOCKER_CONFIG"], config, symlinks=True
        )
        write_engine(
            docker,
            program=shutil.which(engine.program) or engine.program,
            registry=cloud.registry,
            config=config,
        )
        output = Path(work) / "release-input.json"
        client = cloud.environment(deployment.place.account, deployment.place.region)
        environment = {
            **os.environ,
            **client,
            "SSL_CERT_FILE": client["AWS_CA_BUNDLE"],
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "REPOSITORY_URI": deployment.repository_uri,
            "COMMIT_ID": commit,
            "BASE_IMAGE": engine.base_image,
            "CONTAINER_ENGINE": str(docker),
            "CA_BUNDLE": os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or "",
            "OUTPUT": str(output),
            # It runs here, not on SageMaker's machines.
            "PLATFORM": f"linux/{'arm64' if arm else 'amd64'}",
            **settings,
            "MODEL_FOLDER": "",  # It lies over the folder already.
        }
        run_logged(
            ["bash", str(folder / "build-and-push.sh")],
            environment=environment,
            log=log,
            what=f"The image of {commit[:8]} is not to be released",
            next_step="do what is said there and commit, then run this again",
        )
        given = json.loads(output.read_text(encoding="utf-8"))
    with log.open("rb") as file:
        file.seek(before)
        for line in file.read().decode(errors="replace").splitlines():
            if _NOTHING in line:
                say(f"   {line}")
    return PushedImage(tag=given["commitID"], uri=given["imageUri"])


def publish_source(
    cloud: RunningCloud, deployment: Deployment, *, folder: Path, commit: str
) -> PushedImage:
    """Push what stands for an image where no engine is, by the same rules: see the script.

    Raises:
        LocalError: it cannot be told what the folder is made of.
    """
    client = deployment.session(cloud).client("ecr")
    name, tag, content = deployment.repository_name, commit[:8], _content_tag(folder)
    found = _find(client, name, tag)
    if found:
        say(f"   {tag} is there already: same commit, same image. {_NOTHING}")
        digest = found["imageId"]["imageDigest"]
    elif found := _find(client, name, content):
        say(f"   Nothing that the image is made of has changed: {tag} is {content}. {_NOTHING}")
        digest = _add_tag(client, name, found, tag)
    else:
        publish_source_image(client, repository_name=name, tag=tag, folder=folder)
        digest = _add_tag(client, name, _find(client, name, tag), content)
    return PushedImage(tag=tag, uri=f"{deployment.repository_uri}@{digest}")


def _content_tag(folder: Path) -> str:
    command = [sys.executable, str(folder / "content_tag.py"), "--platform", "process"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalError(
            what="It is not known what the image is made of",
            why=done.stderr.strip(),
            next_step="mend container/.dockerignore and commit",
        )
    return done.stdout.strip()


def _find(client: ECRClient, name: str, tag: str) -> ImageTypeDef | None:
    found = client.batch_get_image(repositoryName=name, imageIds=[{"imageTag": tag}])["images"]
    return found[0] if found else None


def _add_tag(client: ECRClient, name: str, image: ImageTypeDef | None, tag: str) -> str:
    if image is None:
        raise LookupError(f"{name} has lost the image that was just pushed")
    digest = image["imageId"]["imageDigest"]
    client.put_image(
        repositoryName=name,
        imageTag=tag,
        imageDigest=digest,
        imageManifest=image["imageManifest"],
        imageManifestMediaType=image["imageManifestMediaType"],
    )
    return digest
