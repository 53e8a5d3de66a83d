"""Predictions without S3: objects in memory, cut into parts wherever a test likes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from evaluation.merge import merge_parts
from evaluation.partial import measure_part
from evaluation.plan import Plan, Span, plan_parts
from evaluation.report import Result
from shared.metrics import Task

PREFIX = "p/"


class Objects:
    """Objects by their key, read in pieces of at most so many bytes."""

    def __init__(self, contents: Mapping[str, bytes], *, piece_bytes: int = 64 * 1024) -> None:
        self._contents = dict(sorted(contents.items()))
        self._piece_bytes = piece_bytes

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from start to end, as S3 gives them: nothing lies outside of the object."""
        content = self._contents[key]
        if not 0 <= start < end <= len(content):
            raise AssertionError(f"Bytes {start} to {end} of {len(content)} cannot be asked for.")
        for at in range(start, end, self._piece_bytes):
            yield content[at : min(at + self._piece_bytes, end)]

    def plan(self, *, cuts: Sequence[int] = (), together: int = 1) -> Plan:
        """Cut all bytes, one object after the other, at these positions.

        So many neighbouring pieces make a part.
        """
        sizes = [(key, len(content)) for key, content in self._contents.items()]
        spans, before = [], 0
        for key, size in sizes:
            inside = {cut - before for cut in cuts if before < cut < before + size}
            edges = [0, *sorted(inside), size] if size else []
            spans += [
                Span(key=key, start=start, end=end, size=size) for start, end in pairwise(edges)
            ]
            before += size
        groups = [spans[at : at + together] for at in range(0, len(spans), together)]
        return Plan(
            parts=tuple(tuple(group) for group in groups), sampled=plan_parts(sizes).sampled
        )

    def evaluate(self, plan: Plan | None = None, *, task: Task = "classification") -> Result:
        """Measure every part, hand each over as JSON, and merge them."""
        plan = Plan.decode((plan or self.plan()).encode())
        partials = (
            json.loads(measure_part(plan, part, read=self.read, task=task).encode())
            for part in range(len(plan.parts))
        )
        return merge_parts(plan, partials, read=self.read, task=task, prefix=PREFIX)


def evaluate(
    content: bytes, *, task: Task = "classification", cuts: Sequence[int] = (), pieces: int = 7
) -> Result:
    """Evaluate one object, p/test.csv.out."""
    objects = Objects({f"{PREFIX}test.csv.out": content}, piece_bytes=pieces)
    return objects.evaluate(objects.plan(cuts=cuts), task=task)
