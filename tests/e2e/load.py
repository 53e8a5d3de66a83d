"""Constant load on the inference link, every answer counted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.system import System
from tests.e2e.web import Answer, ask_signed

_THREADS = 3
_PAUSE_SECONDS = 0.1  # The API allows some tens of requests a second.


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One answer; `result` is empty when it was no prediction."""

    at: float
    seconds: float
    status: int
    result: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Load:
    """What was answered, oldest first."""

    seen: list[Seen] = field(default_factory=list)

    def failures(self) -> list[Seen]:
        """Whatever was not answered with a prediction."""
        return [answer for answer in self.since(0) if answer.status != 200]

    def since(self, moment: float) -> list[Seen]:
        """Answers from a moment of time.monotonic() on."""
        return sorted(
            (answer for answer in list(self.seen) if answer.at >= moment),
            key=lambda answer: answer.at,
        )

    def counted(self, moment: float = 0) -> str:
        """For a person: how many answers of each kind, and the slowest."""
        answers = self.since(moment)
        kinds = Counter(f"{answer.status} {answer.result}".strip() for answer in answers)
        slowest = max((answer.seconds for answer in answers), default=0)
        told = ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items()))
        return f"{len(answers)} requests: {told}; slowest {slowest:.2f} s"


@contextmanager
def constant_load(system: System, row: str) -> Iterator[Load]:
    """Ask for the same row all the time, from a few threads."""
    load, over = Load(), threading.Event()

    def ask() -> None:
        while not over.wait(_PAUSE_SECONDS):
            began = time.monotonic()
            try:
                answer = ask_signed(system.cloud, system.inference_url, {"data": row})
            except OSError as error:
                answer = Answer(status=0, headers={}, text=repr(error))
            load.seen.append(
                Seen(
                    at=time.monotonic(),
                    seconds=time.monotonic() - began,
                    status=answer.status,
                    result=str(answer.json()["result"]) if answer.status == 200 else "",
                    text=answer.text,
                )
            )

    threads = [threading.Thread(target=ask, name=f"load-{index}") for index in range(_THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        over.set()
        for thread in threads:
            thread.join()
