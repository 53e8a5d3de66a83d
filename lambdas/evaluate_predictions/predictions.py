"""Reading what a batch transform wrote: label first, then the features, the prediction last.

That is the shape JoinSource=Input gives to CSV records:
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# SageMaker appends it to the key of each input object:
# https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
OUTPUT_SUFFIX = ".out"


class NoPredictions(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """The batch transform wrote nothing that could be evaluated."""


class MalformedPredictions(Exception):  # noqa: N818 - see above
    """A line is not label, features, prediction; the message names object and line."""


@dataclass(frozen=True)
class PredictedRow:
    """One held-out row: its true label, its features as CSV, and what the model predicted.

    key and line are where it was read; the first line is 1.
    """

    label: str
    features: str
    prediction: str
    key: str
    line: int


def read_rows(objects: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[PredictedRow]:
    """Rows of all objects, one after the other; each object is its key and its lines.

    Only one line is held at a time. Empty lines are skipped.

    Raises:
        MalformedPredictions: a line cannot be read or has another number of fields than the first.
    """
    width: int | None = None
    for key, lines in objects:
        for number, line in enumerate(lines, start=1):
            place = f"{key}, line {number}"
            values = _fields(line, place=place, first=number == 1)
            if not values:
                continue
            width = width or len(values)
            if len(values) != width:
                raise MalformedPredictions(
                    f"{place} has {len(values)} fields, the first row has {width}. Each row must "
                    "be label, features, prediction; quote values that contain a comma."
                )
            label, features, prediction = values[0].strip(), values[1:-1], values[-1].strip()
            if not label or not features or not prediction:
                raise MalformedPredictions(
                    f"{place} lacks a label, features or a prediction. The batch transform must "
                    "keep the label as first field and join the prediction as last (JoinSource "
                    "Input)."
                )
            yield PredictedRow(
                label=label,
                features=_csv(features),
                prediction=prediction,
                key=key,
                line=number,
            )


def _fields(line: bytes, *, place: str, first: bool) -> list[str]:
    try:
        # A byte order mark is no part of the first label.
        text = line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError:
        raise MalformedPredictions(f"{place} is not UTF-8 text.") from None
    if not text.strip():
        return []
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise MalformedPredictions(f"{place} is not valid CSV: {error}.") from None


def _csv(values: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
