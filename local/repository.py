"""The bare git repository of a local cloud: what is pushed to it starts the pipeline."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.terminal import LocalError

_ROOT = Path(__file__).resolve().parent.parent
_FOLDER = "source.git"
NO_COMMIT = "0" * 40
# It runs in the process of whoever pushes, with git's own variables set.
_HOOK = """\
#!/bin/sh
# Written by the local cloud. {meaning}
cd {root} || exit 1
exec {python} -m local.push {moment} --state-dir {state_dir}
"""
_HOOKS = {
    "pre-receive": ("received", "Nothing is taken while the cloud does not run."),
    "post-receive": ("updated", "Tells the cloud what was pushed, then shows what it does."),
}


@dataclass(frozen=True, kw_only=True)
class SourceRepository:
    """`source.git` in a cloud's folder; it stands for every repository that a pipeline watches.

    Attributes:
        state_dir: the cloud's folder.
    """

    state_dir: Path

    @property
    def path(self) -> Path:
        """What `git push` gets."""
        return self.state_dir / _FOLDER

    def create(self) -> None:
        """Make it empty, with its hooks; what an earlier cloud has left there goes.

        Raises:
            LocalError: git cannot make it.
        """
        shutil.rmtree(self.path, ignore_errors=True)
        self._git("init", "--quiet", "--bare", str(self.path))
        # A clone without history, such as a CI's, may be pushed as it is.
        self._git("-C", str(self.path), "config", "receive.shallowUpdate", "true")
        self._write_hooks()

    def _write_hooks(self) -> None:
        hooks = self.path / "hooks"
        shutil.rmtree(hooks, ignore_errors=True)
        hooks.mkdir()
        for name, (moment, meaning) in _HOOKS.items():
            hook = hooks / name
            hook.write_text(
                _HOOK.format(
                    meaning=meaning,
                    root=shlex.quote(str(_ROOT)),
                    python=shlex.quote(sys.executable),
                    moment=moment,
                    state_dir=shlex.quote(str(self.state_dir)),
                ),
                encoding="utf-8",
            )
            hook.chmod(0o755)
        # A person's core.hooksPath would put others in place of them.
        self._git("-C", str(self.path), "config", "core.hooksPath", str(hooks))

    def commit_of(self, branch: str) -> str | None:
        """The full hash of a branch's newest commit; None if there is no such branch."""
        found = self._run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
        return found.stdout.strip() or None

    def subject_of(self, commit: str) -> str:
        """The first line of a commit's message; empty if it is not there."""
        return self._run("log", "-1", "--format=%s", commit).stdout.strip()

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run("-C", str(self.path), *arguments)

    def _git(self, *arguments: str) -> None:
        made = _run(*arguments)
        if made.returncode:
            raise LocalError(
                what="The repository to push to could not be made",
                why=made.stderr.strip(),
                next_step=f"see that git may write in {self.state_dir}",
            )


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        env=without_git(os.environ),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables without git's own: in a hook they name the repository that is pushed to."""
    return {name: value for name, value in environment.items() if not name.startswith("GIT_")}
