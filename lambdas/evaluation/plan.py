"""Which bytes of which objects are measured together.

A part is a list of byte ranges. It owns the lines that *begin* in them, so every line has exactly
one owner, wherever the cuts fall.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Self

from shared import fields
from shared.evaluation import MAX_POINTS

from evaluation.errors import TooManyPredictionObjects

PART_BYTES = 64 * 1024 * 1024
MAX_PARTS = 500
# Every part reads the whole plan: these bound its memory.
MAX_OBJECTS = 100_000
MAX_PLAN_BYTES = 16 * 1024 * 1024
# Asking for an object takes about as long as reading so many bytes of it.
_OBJECT_COST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from start up to, not including, end of an object of *size* bytes."""

    key: str
    start: int
    end: int
    size: int

    def to_json(self) -> dict[str, Any]:
        """The span as a JSON object."""
        return {"key": self.key, "start": self.start, "end": self.end, "size": self.size}


@dataclass(frozen=True)
class Plan:
    """The spans of each part, in the order of the objects, and where rows are sampled.

    sampled are bytes, as (key, offset), spread evenly over all objects: the line that holds one
    belongs to the sample. They do not depend on how the bytes are cut into parts.
    """

    parts: tuple[tuple[Span, ...], ...]
    sampled: tuple[tuple[str, int], ...]

    def encode(self) -> bytes:
        """The plan as JSON.

        Raises:
            TooManyPredictionObjects: it names more objects than a function has memory for.
        """
        value = {
            "parts": [[span.to_json() for span in part] for part in self.parts],
            "sampled": [list(place) for place in self.sampled],
        }
        encoded = json.dumps(value, ensure_ascii=False).encode()
        if len(encoded) > MAX_PLAN_BYTES:
            raise too_many_objects()
        return encoded

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        """Read a plan that encode wrote.

        Raises:
            InvalidEventError: a field is missing or wrong; the message names it.
        """
        value = json.loads(encoded)
        return cls(
            parts=tuple(tuple(_span(span) for span in part) for part in value["parts"]),
            sampled=tuple((str(key), int(offset)) for key, offset in value["sampled"]),
        )


def too_many_objects() -> TooManyPredictionObjects:
    """The error for more than MAX_OBJECTS, or names that take more than MAX_PLAN_BYTES."""
    return TooManyPredictionObjects(
        f"The batch transform wrote more than {MAX_OBJECTS} objects, or objects with names too "
        f"long for a plan of {MAX_PLAN_BYTES} bytes. Join the objects of held-out data under test/ "
        "into fewer, larger ones and release again."
    )


def plan_parts(
    objects: Sequence[tuple[str, int]],
    *,
    part_bytes: int = PART_BYTES,
    max_parts: int = MAX_PARTS,
) -> Plan:
    """Cut objects, each its key and its size in bytes, into parts of about the same work.

    Large objects are cut, small ones stand together. Empty objects are in no part.
    """
    filled = [(key, size) for key, size in objects if size]
    work = sum(size + _OBJECT_COST for _, size in filled)
    number = min(max_parts, -(-work // part_bytes))
    spans: list[tuple[int, Span]] = []
    before = 0
    for key, size in filled:
        # Only the bytes can be cut: the cost of asking falls to the part that has the first ones.
        begins = before + _OBJECT_COST
        first, last = (_part_at(at, work, number) for at in (begins, begins + size - 1))
        cuts = [_start_of(part, work, number) - begins for part in range(first + 1, last + 1)]
        edges = [0, *cuts, size]
        for index, (start, end) in enumerate(pairwise(edges)):
            spans.append((first + index, Span(key=key, start=start, end=end, size=size)))
        before = begins + size
    grouped = groupby(spans, key=lambda item: item[0])
    return Plan(
        parts=tuple(tuple(span for _, span in group) for _, group in grouped),
        sampled=tuple(_sampled(filled)),
    )


def _part_at(position: int, work: int, number: int) -> int:
    return position * number // work


def _start_of(part: int, work: int, number: int) -> int:
    """The first position for which _part_at gives this part."""
    return -(-part * work // number)


def _sampled(objects: Sequence[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    total = sum(size for _, size in objects)
    number = min(MAX_POINTS, total)
    positions = iter([(2 * i + 1) * total // (2 * number) for i in range(number)])
    position = next(positions, total)
    before = 0
    for key, size in objects:
        while position < before + size:
            yield key, position - before
            position = next(positions, total)
        before += size


def _span(value: Mapping[str, Any]) -> Span:
    return Span(
        key=fields.text(value, "key"),
        start=fields.whole_number(value, "start"),
        end=fields.whole_number(value, "end"),
        size=fields.whole_number(value, "size"),
    )
