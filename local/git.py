"""Runs git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping


def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git to its end, whatever repository this process was started for; dates are in UTC."""
    return subprocess.run(
        ["git", *arguments],
        env={**without_git(os.environ), "TZ": "UTC", "GIT_OPTIONAL_LOCKS": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def complaint_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """What git says of its failure."""
    told = done.stderr.decode(errors="replace").strip()
    return told or f"git ended with {done.returncode} and said nothing"


def without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables without git's own: in a hook they name the repository that is pushed to."""
    return {name: value for name, value in environment.items() if not name.startswith("GIT_")}
