"""The bare git repository that stands behind every connection of this cloud."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.git import complaint_of, git

NOTHING = "0" * 40
"""Git's name for the commit of a branch that is not there."""


class RepositoryError(Exception):
    """A branch or commit that is not there, or git failed; the text is for a person."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit, with what a source action tells of it; `date` is ISO 8601 in UTC."""

    id: str
    message: str
    author_name: str
    author_email: str
    date: str


class Repository:
    """Reads a bare repository; it need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def tip(self, branch: str) -> str | None:
        """The id of a branch's newest commit; None if there is no such branch."""
        if not self.folder.is_dir():
            return None
        name = f"refs/heads/{branch}^{{commit}}"
        found = self._run("rev-parse", "--verify", "--quiet", name)
        return found.stdout.decode().strip() if found.returncode == 0 else None

    def commit(self, commit_id: str) -> Commit:
        """A commit by its full or shortened id.

        Raises:
            RepositoryError: there is none, or it is ambiguous.
        """
        parts = "%H%x00%B%x00%an%x00%ae%x00%ad"
        made = self._git(
            "show",
            "--no-patch",
            f"--format={parts}",
            "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
            "--end-of-options",
            f"{commit_id}^{{commit}}",
        )
        full, message, name, email, date = made.decode(errors="replace").split("\0")
        return Commit(
            id=full,
            message=message.strip(),
            author_name=name,
            author_email=email,
            date=date.strip(),
        )

    def changed_files(self, *, before: str, after: str) -> list[str]:
        """The paths that differ between two commits; all of the second's for a new branch.

        Both paths of a file that was moved.
        """
        if before == NOTHING:
            listed = self._git("ls-tree", "-r", "--name-only", "-z", after)
        else:
            listed = self._git("diff", "--name-only", "--no-renames", "-z", before, after)
        return [path for path in listed.decode(errors="surrogateescape").split("\0") if path]

    def archive(self, commit_id: str, target: Path) -> None:
        """Write the files of a commit, without git's own, as a zip."""
        self._git("archive", "--format=zip", f"--output={target}", commit_id)

    def _git(self, *arguments: str) -> bytes:
        if not self.folder.is_dir():
            raise RepositoryError(f"There is no repository at {self.folder}: nothing was pushed")
        done = self._run(*arguments)
        if done.returncode != 0:
            raise RepositoryError(complaint_of(done))
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return git(f"--git-dir={self.folder}", *arguments)
