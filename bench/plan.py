"""How long and how often is measured, and what is said meanwhile."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`rounds` turns of `seconds` each; a warm-up before each that does not count.

    `training_rows` is the size of the file that is trained on.
    """

    rounds: int = 5
    seconds: float = 1.5
    training_rows: int = 1_000_000
    began: float = field(default_factory=time.monotonic)

    @property
    def warm_up(self) -> float:
        """Seconds."""
        return min(0.4, self.seconds)

    @property
    def cores(self) -> int:
        """What the servers may use."""
        return len(os.sched_getaffinity(0))

    def say(self, text: str) -> None:
        """A line of progress, with the time since the beginning."""
        print(f"  [{time.monotonic() - self.began:4.0f} s] {text}", flush=True)
