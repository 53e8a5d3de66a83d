"""One part of the predictions, measured on its own: what it leaves for the merge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from shared.metrics import Task

from evaluation.classification import Classification
from evaluation.lines import MAX_LINE_BYTES, Block, LineTooLong, ReadBytes, blocks
from evaluation.measures import Tally
from evaluation.plan import Plan
from evaluation.regression import Regression
from evaluation.rows import MalformedRow, Place, Row, plain_pairs, row_of, values_of

# As JSON; it fits into the workflow's payload of 256 KiB together with all the rest.
MAX_SAMPLE_ROW_BYTES = 64 * 1024


@dataclass
class Partial:
    """What is known of a part's rows; the object of a place is the index of a span.

    lines: for each span, the number of lines that begin there. first: the first row, which has
    *width* fields. sample: the first row that is small enough for the smoke test. problem: what is
    wrong with the last line counted; nothing after it was read. The merge raises it, as only there
    is known which line of its object that is.
    """

    tally: Tally
    lines: list[int] = field(default_factory=list)
    first: Place | None = None
    width: int = 0
    sample: Place | None = None
    problem: str = ""

    def encode(self) -> bytes:
        """The partial result as JSON."""
        value = {
            "tally": self.tally.to_json(),
            "lines": self.lines,
            "first": self.first,
            "width": self.width,
            "sample": self.sample,
            "problem": self.problem,
        }
        return json.dumps(value).encode()


def tally_of(task: Task) -> Tally:
    """An empty tally for the task."""
    return Classification() if task == "classification" else Regression()


def measure_part(plan: Plan, part: int, *, read: ReadBytes, task: Task) -> Partial:
    """Measure the rows of one part of the plan.

    Raises:
        TooManyClasses
    """
    tally = tally_of(task)
    partial = Partial(tally=tally)
    try:
        for index, span in enumerate(plan.parts[part]):
            partial.lines.append(0)
            sampled = [offset for key, offset in plan.sampled if key == span.key]
            for block in blocks(read, span):
                _add_block(partial, block, span=index)
                if isinstance(tally, Regression):
                    for row in _sampled_rows(block, sampled, width=partial.width):
                        tally.add_sampled(row)
    except MalformedRow as error:
        partial.problem = str(error)
    except LineTooLong:
        partial.lines[-1] += 1
        partial.problem = (
            f"has more than {MAX_LINE_BYTES} bytes. Each row must be a line of its own; release "
            "again with shorter rows, or fewer features."
        )
    return partial


def _add_block(partial: Partial, block: Block, *, span: int) -> None:
    lines, at = block.lines, 0
    # One by one until it is known what rows look like, then all that are plain at once.
    while at < len(lines) and not partial.sample:
        end = lines.index(b"\n", at)
        _add_line(partial, lines[at:end], span=span, offset=block.offset + at)
        at = end + 1
    rest = lines[at:]
    if not rest or _add_plain(partial, rest, span=span, offset=block.offset + at):
        return
    offset = block.offset + at
    for line in rest[:-1].split(b"\n"):
        _add_line(partial, line, span=span, offset=offset)
        offset += len(line) + 1


def _add_plain(partial: Partial, lines: bytes, *, span: int, offset: int) -> bool:
    pairs = plain_pairs(lines, width=partial.width)
    place = _places(lines, span=span, offset=offset, before=partial.lines[-1])
    if pairs is None or not partial.tally.add_pairs(pairs, place):
        return False
    partial.lines[-1] += len(pairs)
    return True


def _places(lines: bytes, *, span: int, offset: int, before: int) -> Callable[[int], Place]:
    starts: list[int] = []

    def place(index: int) -> Place:
        if not starts:  # which is seldom asked for
            lengths = (len(line) + 1 for line in lines.split(b"\n"))
            starts.extend(accumulate(lengths, initial=offset))
        return Place(object=span, line=before + index + 1, offset=starts[index])

    return place


def _add_line(partial: Partial, line: bytes, *, span: int, offset: int) -> None:
    partial.lines[-1] += 1
    values = values_of(line, offset=offset)
    if not values:
        return
    place = Place(object=span, line=partial.lines[-1], offset=offset)
    if partial.first is None:
        partial.first, partial.width = place, len(values)
    row = row_of(values, width=partial.width)
    partial.tally.add_row(row, place)
    if partial.sample is None and len(json.dumps(row.features)) <= MAX_SAMPLE_ROW_BYTES:
        partial.sample = place


def _sampled_rows(block: Block, sampled: Sequence[int], *, width: int) -> Iterator[Row]:
    """The rows of a block, which were found to be right, that hold one of these bytes."""
    inside = [at - block.offset for at in sampled if 0 <= at - block.offset < len(block.lines)]
    for start in sorted({block.lines.rfind(b"\n", 0, at) + 1 for at in inside}):
        line = block.lines[start : block.lines.index(b"\n", start)]
        if values := values_of(line, offset=block.offset + start):
            yield row_of(values, width=width)
