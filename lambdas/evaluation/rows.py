"""Lines of a batch transform's output: label first, then the features, the prediction last.

That is the shape JoinSource=Input gives to CSV records:
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from evaluation.lines import MAX_LINE_BYTES

# SageMaker appends it to the key of each input object:
# https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
OUTPUT_SUFFIX = ".out"

_LEAST_FIELDS = 3
# Else a long field would be an error only in lines that go through the csv module.
csv.field_size_limit(MAX_LINE_BYTES)

Pair = tuple[bytes, bytes]


class MalformedRow(Exception):  # noqa: N818 - becomes MalformedPredictions once its place is known
    """What is wrong with a line, to be read after its place: 'has 2 fields …'."""


class Place(NamedTuple):
    """Where a line stands: the object, by its index; the line, from 1; its first byte."""

    object: int
    line: int
    offset: int


@dataclass(frozen=True, slots=True)
class Row:
    """One held-out row: its true label, its features as CSV, and what the model predicted."""

    label: str
    features: str
    prediction: str


def values_of(line: bytes, *, offset: int) -> list[str]:
    """The fields of a line that begins at *offset* of its object; none if it is empty.

    Raises:
        MalformedRow: it is no UTF-8 text or no CSV.
    """
    try:
        # A byte order mark is no part of the first label.
        text = line.decode("utf-8" if offset else "utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedRow("is not UTF-8 text.") from None
    if not text.strip():
        return []
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise MalformedRow(f"is not valid CSV: {error}.") from None


def row_of(values: list[str], *, width: int) -> Row:
    """The row that has these fields.

    Raises:
        MalformedRow: it has not *width* fields, or lacks a label, features or a prediction.
    """
    if len(values) != width:
        raise MalformedRow(wrong_width(len(values), width))
    label, prediction = values[0].strip(), values[-1].strip()
    if len(values) < _LEAST_FIELDS or not label or not prediction:
        raise MalformedRow(
            "lacks a label, features or a prediction. The batch transform must keep the label as "
            "first field and join the prediction as last (JoinSource Input)."
        )
    return Row(label=label, features=_csv(values[1:-1]), prediction=prediction)


def wrong_width(fields: int, width: int) -> str:
    """What to say of a row that has another number of fields than the first."""
    return (
        f"has {fields} fields, the first row has {width}. Each row must be label, features, "
        "prediction; quote values that contain a comma."
    )


def plain_pairs(lines: bytes, *, width: int) -> list[Pair] | None:
    """Label and prediction of each line as they stand there, if no line needs the csv module.

    None if any line is empty, quoted, not UTF-8, has a byte order mark or not *width* fields: then
    the lines are to be parsed one by one. Both ways give the same fields, apart from white space
    around them.
    """
    if b'"' in lines or width < _LEAST_FIELDS or lines.startswith(codecs.BOM_UTF8):
        return None
    # The csv module takes a lone carriage return for an error.
    if b"\r" in lines and lines.count(b"\r") != lines.count(b"\r\n"):
        return None
    if not lines.isascii() and not _is_utf8(lines):
        return None
    pairs: list[Pair] = _plain_line(width).findall(lines)
    return pairs if len(pairs) == lines.count(b"\n") else None


@lru_cache(maxsize=16)
def _plain_line(width: int) -> re.Pattern[bytes]:
    between = rb"(?:[^,\n]*,){%d}" % (width - 2)
    return re.compile(rb"^([^,\n]+)," + between + rb"([^,\n]+)\n", re.MULTILINE)


def _is_utf8(lines: bytes) -> bool:
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _csv(values: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
