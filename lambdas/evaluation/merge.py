"""The measures of all parts together, the same as if there were one part only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shared.evaluation import Mistake
from shared.metrics import Task
from shared.text import shorten

from evaluation.errors import MalformedPredictions, NoPredictions, SampleRowTooLarge
from evaluation.lines import ReadBytes, blocks
from evaluation.partial import MAX_SAMPLE_ROW_BYTES, tally_of
from evaluation.plan import Plan, Span
from evaluation.report import Result
from evaluation.rows import OUTPUT_SUFFIX, Place, Row, row_of, values_of, wrong_width

_MAX_NAME_CHARACTERS = 120
_MAX_LABEL_CHARACTERS = 64
_MAX_FEATURE_CHARACTERS = 300


def merge_parts(
    plan: Plan,
    partials: Iterable[Mapping[str, Any]],
    *,
    read: ReadBytes,
    task: Task,
    prefix: str,
) -> Result:
    """Merge the partial results of all parts, in their order; *prefix* begins every key.

    Raises:
        MalformedPredictions: the first line that is wrong.
        NoPredictions: there is no row.
        SampleRowTooLarge: every row is larger than 64 KiB as JSON.
        TooManyClasses
    """
    objects = _Objects(plan)
    tally = tally_of(task)
    width = 0
    sample: Place | None = None
    for spans, partial in zip(plan.parts, partials, strict=True):
        move = objects.mover(spans, partial["lines"])
        if partial["first"]:
            width = width or partial["width"]
            if partial["width"] != width:
                problem = wrong_width(partial["width"], width)
                raise objects.malformed(move(Place(*partial["first"])), problem)
        if partial["problem"]:
            last = Place(len(partial["lines"]) - 1, partial["lines"][-1], 0)
            raise objects.malformed(move(last), partial["problem"])
        if sample is None and partial["sample"]:
            sample = move(Place(*partial["sample"]))
        tally.merge(partial["tally"], move)
    if not tally.rows:
        raise NoPredictions(
            "The batch transform wrote no rows. Put held-out data under test/ in the data bucket "
            "(CSV, label first, no header) and release again."
        )
    if sample is None:
        raise SampleRowTooLarge(
            f"Every held-out row is larger than {MAX_SAMPLE_ROW_BYTES} bytes. Add at least one "
            "smaller row: the workflow carries one to the smoke test."
        )
    return Result(
        task=task,
        measures=tally.measures(),
        sample=objects.row(sample, read=read),
        mistakes=tuple(
            _mistake(
                objects.row(place, read=read),
                name=objects.keys[place.object].removeprefix(prefix).removesuffix(OUTPUT_SUFFIX),
                line=place.line,
            )
            for place in tally.mistakes()
        ),
    )


class _Objects:
    """The objects of a plan, and how many lines of each have been merged."""

    def __init__(self, plan: Plan) -> None:
        self._sizes = {span.key: span.size for part in plan.parts for span in part}
        self.keys = tuple(self._sizes)
        self._indexes = {key: index for index, key in enumerate(self.keys)}
        self._lines: Counter[int] = Counter()

    def mover(self, spans: Sequence[Span], lines: Sequence[int]) -> Callable[[Place], Place]:
        """Add a part's lines to those of its objects; from its places to places among all."""
        indexes = [self._indexes[span.key] for span in spans]
        before = []
        for index, count in zip(indexes, lines, strict=False):
            before.append(self._lines[index])
            self._lines[index] += count

        def move(place: Place) -> Place:
            line = before[place.object] + place.line
            return Place(object=indexes[place.object], line=line, offset=place.offset)

        return move

    def row(self, place: Place, *, read: ReadBytes) -> Row:
        """The row that stands there, read again: it was measured before."""
        key = self.keys[place.object]
        size = self._sizes[key]
        span = Span(key=key, start=place.offset, end=place.offset + 1, size=size)
        line = next(blocks(read, span)).lines.removesuffix(b"\n")
        values = values_of(line, offset=place.offset)
        return row_of(values, width=len(values))

    def malformed(self, place: Place, problem: str) -> MalformedPredictions:
        """The error that names the place of a line and what is wrong with it."""
        return MalformedPredictions(f"{self.keys[place.object]}, line {place.line} {problem}")


def _mistake(row: Row, *, name: str, line: int) -> Mistake:
    return Mistake(
        place=f"{shorten(name, characters=_MAX_NAME_CHARACTERS)}, line {line}",
        actual=shorten(row.label, characters=_MAX_LABEL_CHARACTERS),
        predicted=shorten(row.prediction, characters=_MAX_LABEL_CHARACTERS),
        features=shorten(row.features, characters=_MAX_FEATURE_CHARACTERS),
    )
