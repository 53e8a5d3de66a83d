"""The bare git repository of a local cloud: what is pushed to it starts the pipeline."""

from __future__ import annotations

import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from local.git import complaint_of, git
from local.pipeline.repository import Repository, RepositoryError
from local.terminal import LocalError

_ROOT = Path(__file__).resolve().parent.parent
_FOLDER = "source.git"
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
        return Repository(self.path).tip(branch)

    def subject_of(self, commit: str) -> str:
        """The first line of a commit's message; empty if it is not there."""
        try:
            return Repository(self.path).commit(commit).message.partition("\n")[0]
        except RepositoryError:
            return ""

    def _git(self, *arguments: str) -> None:
        made = git(*arguments)
        if made.returncode:
            raise LocalError(
                what="The repository to push to could not be made",
                why=complaint_of(made),
                next_step=f"see that git may write in {self.state_dir}",
            )
