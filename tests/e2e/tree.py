"""Copies of the repository, and the model, data and settings that the tests bring along.

People edit settings.toml, container/model.py and the sample data: no test may depend on them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.git import without_git

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ROOT / "tests" / "settings.toml"
CONTAINER = ROOT / "container"
EXAMPLES = ROOT / "examples"
SAMPLE = CONTAINER / "tests" / "sample_model"  # shared with the container's own tests


def copy_tree(target: Path) -> None:
    """Copy the repository as a source archive has it: without .git and all that git ignores."""
    _copy(ROOT, target)


def copy_container(target: Path) -> None:
    """Copy `container/` with the sample model in it."""
    _copy(CONTAINER, target)
    put_sample(target)


def commit_tree(target: Path) -> None:
    """Make a copy of the repository, with sample model and settings, one commit of its own.

    node_modules is the original's: the CDK CLI is large and the same.
    """
    copy_tree(target)
    put_sample(target / "container")
    shutil.copy(SETTINGS, target / "settings.toml")
    git(target, "init", "--quiet")
    git(target, "add", "--all")
    git(target, "commit", "--quiet", "--message", "Sample model")
    (target / "node_modules").symlink_to(ROOT / "node_modules")


def commit_of(name: str) -> str:
    """A commit hash made up from a name."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def settings_with(folder: Path, changes: Mapping[str, str]) -> Path:
    """The tests' settings with some lines replaced, in a file of a folder."""
    text = SETTINGS.read_text(encoding="utf-8")
    for line, other in changes.items():
        assert text.count(f"{line}\n") == 1, f"the tests' settings have no line {line!r}"
        text = text.replace(line, other)
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _copy(source: Path, target: Path) -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    left_out = shutil.ignore_patterns(".git", *(line.rstrip("/") for line in lines))
    shutil.copytree(source, target, symlinks=True, ignore=left_out)


def put_sample(container: Path) -> None:
    """Put the tests' model and data into a `container/`."""
    (container / "sample").mkdir(exist_ok=True)
    for path in SAMPLE.iterdir():
        if path.is_file():
            shutil.copy(path, container / "sample" if path.suffix == ".csv" else container)


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, as nobody in particular."""
    # Neither the person's name, signing key nor hooks are needed for it.
    settings = {
        "user.name": "Test",
        "user.email": "test@example.com",
        "commit.gpgsign": "false",
        "core.hooksPath": os.devnull,
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    subprocess.run(
        ["git", *options, *arguments],
        cwd=folder,
        env=without_git(os.environ),
        stdin=subprocess.DEVNULL,
        check=True,
    )
