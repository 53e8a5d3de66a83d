"""What a person sees: steps as they begin and end, and failures with a way on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


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
