"""Writes predictions as text: CSV, JSON and JSON Lines.

Numbers have the shortest digits that read back as the same number of their type.
"""

import io
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from plumbing.payload import CSV, JSON, JSON_LINES

Predictions = Sequence[Any] | NDArray[Any]
Column = list[Any] | NDArray[Any]  # an array holds numbers


class PredictionError(Exception):
    """What the model's ``predict`` returned cannot be an answer; the message says why."""


def column(predictions: Predictions, *, rows: int) -> Column:
    """The predictions, one for each of ``rows`` rows, as an array of numbers or a list.

    Raises:
        PredictionError: there is not one a row.
    """
    if len(predictions) != rows:
        raise PredictionError(f"predict returned {len(predictions)} predictions for {rows} rows")
    if isinstance(predictions, np.ndarray):
        if predictions.ndim != 1:
            raise PredictionError(f"predict returned {predictions.ndim} dimensions; one is needed")
        return predictions if predictions.dtype.kind in "iuf" else predictions.tolist()
    return predictions if isinstance(predictions, list) else list(predictions)


def csv_text(values: Column, first_row: int) -> bytes:
    """One prediction a line, quoted by the rules of CSV where it must be.

    Raises:
        PredictionError: one is missing or not finite; ``first_row`` counts rows for the message.
    """
    if not isinstance(values, list) or _are_numbers(values):
        return json_text(values, first_row).replace(b",", b"\n") + b"\n"
    try:
        text = "\n".join(values)
    except TypeError:  # some are not text
        refuse_missing(values, first_row)
        values = [str(value) for value in values]
        text = "\n".join(values)
    plain = not ("," in text or '"' in text or "\r" in text)
    lines = f"{text}\n".encode()
    if plain and _one_line_each(lines, len(values)):
        return lines
    return ("\n".join([_csv_field(value) for value in values]) + "\n").encode()


def json_text(values: Column, first_row: int) -> bytes:
    """The predictions as JSON, with commas between them.

    Raises:
        PredictionError: one is missing or not finite; ``first_row`` counts rows for the message.
    """
    try:
        text = orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
    except TypeError:  # an unusual number type, whole numbers beyond 64 bits, half a surrogate pair
        plain = values if isinstance(values, list) else values.tolist()
        refuse_missing(plain, first_row)
        text = json.dumps(plain, separators=(",", ":"))[1:-1].encode()
    if b"null" in text:  # so are written None, nan and the infinities
        refuse_missing(values, first_row)
    return text


def json_lines_text(values: Column, first_row: int) -> bytes:
    """``{"prediction":...}`` a line.

    Raises:
        PredictionError: one is missing or not finite; ``first_row`` counts rows for the message.
    """
    begin, end = b'{"prediction":', b"}\n"
    text = json_text(values, first_row)
    if text.count(b",") == len(values) - 1:  # there are none but those between them
        return begin + text.replace(b",", end + begin) + end
    return b"".join([begin + json_text([value], first_row) + end for value in values])


def refuse_missing(values: Column, first_row: int) -> None:
    """Raises PredictionError for the first value that is None or a number that is not finite."""
    for row, value in enumerate(values, first_row):
        number = isinstance(value, (float, np.floating))
        if value is None or (number and not math.isfinite(value)):
            raise PredictionError(f"predict returned {value} for row {row}; it must be finite")


def _are_numbers(values: list[Any]) -> bool:
    kinds = {int, float}
    return type(values[0]) in kinds and kinds.issuperset(map(type, values))


def _one_line_each(lines: bytes, count: int) -> bool:
    """Whether no prediction has a line break, and none is empty: a reader would see no row."""
    ends = np.frombuffer(lines, dtype=np.uint8) == ord("\n")
    return (
        int(np.count_nonzero(ends)) == count
        and not ends[0]
        and not bool((ends[1:] & ends[:-1]).any())
    )


def _csv_field(text: str) -> str:
    if not text or any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


@dataclass(frozen=True)
class _Format:
    begin: bytes
    text: Callable[[Column, int], bytes]
    between: bytes
    end: bytes


_FORMATS = {
    CSV: _Format(b"", csv_text, b"", b""),
    JSON: _Format(b'{"predictions":[', json_text, b",", b"]}"),
    JSON_LINES: _Format(b"", json_lines_text, b"", b""),
}


def single(values: Column, wanted: str) -> bytes:
    """The answer to a request of one block of rows; see ``body``."""
    form = _FORMATS[wanted]
    return form.begin + form.text(values, 1) + form.end


def body(blocks: Iterable[Column], wanted: str) -> bytes:
    """The answer of content type ``wanted`` to all blocks of rows.

    Raises:
        PredictionError: a prediction is missing or not finite.
    """
    form = _FORMATS[wanted]
    answer = io.BytesIO()  # grows in place, and hands its bytes over without a copy
    answer.write(form.begin)
    row = 1
    for values in blocks:
        if row > 1:
            answer.write(form.between)
        answer.write(form.text(values, row))
        row += len(values)
    answer.write(form.end)
    return answer.getvalue()
