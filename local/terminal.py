"""What a person sees: steps as they begin and end, and failures with a way on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_LAST_LINES = 15


class LocalError(Exception):
    """A failure that a person can do something about: what failed, why, what to do next."""

    def __init__(self, *, what: str, why: str, next_step: str) -> None:
        super().__init__(f"{what}\n  why:  {why}\n  next: {next_step}")


def say(text: str = "") -> None:
    """Print a line at once."""
    print(text, flush=True)


def complain(error: LocalError) -> None:
    """Print a failure where failures go."""
    print(f"\nFailed: {error}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a long step, then say how long it took in seconds."""
    say(f"== {text} …")
    started = time.monotonic()
    yield
    say(f"   done in {time.monotonic() - started:.1f} s")


def run_logged(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    what: str,
    next_step: str,
    folder: Path | None = None,
) -> None:
    """Run a command whose output goes to the end of a log file.

    Args:
        environment: the command's whole environment.
        what: what failed, in words, when the command does.
        next_step: what a person does then.
        folder: where the command runs; here unless told.

    Raises:
        LocalError: the command failed; its last lines are the reason, or those of its own that say
            what failed and why.
    """
    with log.open("ab") as output:
        result = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        why = "\n        ".join(_reason(lines[-_LAST_LINES:])) or f"exit code {result.returncode}"
        raise LocalError(what=what, why=why, next_step=f"{next_step}; all output: {log}")


def _reason(lines: Sequence[str]) -> Sequence[str]:
    """What our own scripts say of a failure, without what was printed before, unless they refer
    to that; all lines where none of them speaks."""
    for place in range(len(lines) - 1):
        why = lines[place + 1]
        if lines[place].startswith("Error: ") and why.startswith("  Why: ") and "above" not in why:
            return lines[place:]
    return lines
