"""The image of HEAD in the local cloud's ECR: built, or what stands for it without an engine."""

from __future__ import annotations

import io
import re
import subprocess
import sys
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
from mlops_stacks.image_variables import image_variables
from mlops_stacks.settings import Settings

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


def push_head(
    cloud: RunningCloud, deployment: Deployment, engine: Engine | None, *, settings: Settings
) -> PushedImage:
    """Put the image of HEAD into the repository, if it is not there.

    What is released is what is committed: `container/` and the model's folder of HEAD, not of the
    working tree.

    Raises:
        LocalError: HEAD has no such model, or its image is not to be released.
    """
    commit, model = head_commit(), settings.model.folder
    folders = list(dict.fromkeys(["container", model]))
    for name in folders:
        if _git("status", "--porcelain", "--", name):
            say(f"   Note: {name}/ has changes that are not committed; HEAD is released.")
    if not _git("ls-tree", commit, "--", f"{model}/model.py"):
        raise LocalError(
            what=f"HEAD has no {model}/model.py",
            why="model.folder names that folder, and what is committed is released",
            next_step="commit it, then run this again",
        )
    with tempfile.TemporaryDirectory(prefix="release-") as temporary:
        archive = _git("archive", "--format=tar", commit, *folders)
        tree, whole = Path(temporary) / "head", Path(temporary) / "container"
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            unpack(tar, tree)
        _assemble(tree, model, whole)
        return push_folder(
            cloud,
            deployment,
            engine,
            folder=whole,
            commit=commit,
            settings=image_variables(settings),
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
        folder: with the files of the model's folder over it.
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


def _assemble(tree: Path, model: str, target: Path) -> None:
    """Lay the model's folder over `container/`, as that of the commit does it."""
    command = [sys.executable, str(tree / "container" / "overlay.py"), model, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LocalError(
            what="It is not known what the image is made of",
            why=done.stderr.strip(),
            next_step="mend it and commit, then run this again",
        )


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
