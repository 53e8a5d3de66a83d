"""Turns request bodies into feature matrices and predictions into response bodies.

Both readers have a short way for ordinary input and a careful way that explains what is wrong;
the short way must only ever accept what the careful way reads as the same numbers.
https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

import csv
import io
import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plumbing.errors import shown

CSV = "text/csv"
JSON = "application/json"
JSON_SHAPE = 'Send {"instances": [[1.5, 2], ...]}: one list of numbers a row.'
# Held-out files come here through a batch transform, so people meet this text in its log.
NO_HEADER = (
    " Send no header line; a request carries features only "
    "(in held-out files the label stays, the workflow takes it off)."
)


class BadRequestError(Exception):
    """A request cannot be answered; the message says why and what to send."""


def read_csv(body: bytes, *, width: int, feature_type: DTypeLike) -> NDArray[Any]:
    """Reads rows of ``width`` features, no header, into a matrix (rows, width).

    Raises:
        BadRequestError: names row and column (from 1) and what is wrong there.
    """
    if b'"' not in body and b"_" not in body:
        lines = body.splitlines()
        while lines and not lines[-1].strip():
            lines.pop()
        commas = width - 1
        if lines and all(line.count(b",") == commas for line in lines):
            try:
                values = [float(text) for text in b",".join(lines).split(b",")]
            except ValueError:
                values = []
            matrix = _matrix(values, width=width, feature_type=feature_type)
            if len(matrix) and np.isfinite(matrix).all():
                return matrix
    return _read_csv_carefully(body, width=width, feature_type=feature_type)


def read_json(body: bytes, *, width: int, feature_type: DTypeLike) -> NDArray[Any]:
    """Reads ``{"instances": [[...], ...]}`` into a matrix (rows, width).

    Raises:
        BadRequestError: names row and column (from 1) and what is wrong there.
    """
    try:
        content = json.loads(body)
    except RecursionError:
        raise BadRequestError(f"The body is nested too deeply. {JSON_SHAPE}") from None
    except ValueError as error:
        reason = "it is empty" if not body.strip() else str(error)
        raise BadRequestError(f"The body is not valid JSON: {reason}. {JSON_SHAPE}") from None
    rows = content.get("instances") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadRequestError(f"The body has no list of instances. {JSON_SHAPE}")
    for number, row in enumerate(rows, start=1):
        if type(row) is not list:
            raise BadRequestError(f"Row {number} is not a list. {JSON_SHAPE}")
        _check_width(row, number=number, width=width)
    if not set(map(type, chain.from_iterable(rows))) <= {int, float}:
        _refuse_non_number(rows)
    try:
        values = [float(value) for row in rows for value in row]
    except OverflowError:
        values = [_float_or_infinity(value) for row in rows for value in row]
    matrix = _matrix(values, width=width, feature_type=feature_type)
    _check_finite(matrix)
    return matrix


def render_csv(predictions: Sequence[object]) -> bytes:
    """One prediction a line, quoted by the rules of CSV where it must be."""
    texts = {value: _csv_field(str(value)) for value in set(predictions)}
    return ("\n".join([texts[value] for value in predictions]) + "\n").encode()


def render_json(predictions: Sequence[object]) -> bytes:
    """``{"predictions": [...]}``."""
    return json.dumps({"predictions": predictions}, separators=(",", ":")).encode()


def _read_csv_carefully(body: bytes, *, width: int, feature_type: DTypeLike) -> NDArray[Any]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequestError("The body is not UTF-8 text. Send rows of numbers as CSV.") from None
    values: list[float] = []
    blank = 0  # number of the first blank row since the last full one: allowed at the end only
    number = 0
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            if not row or (len(row) == 1 and not row[0].strip()):
                blank = blank or number
                continue
            if blank:
                raise BadRequestError(f"Row {blank} is blank. Every row needs {width} features.")
            _check_width(row, number=number, width=width)
            values.extend(
                _number(field, row=number, column=column) for column, field in enumerate(row, 1)
            )
    except csv.Error as error:
        raise BadRequestError(
            f"Row {number + 1} is not valid CSV ({error}). Check its quotes."
        ) from None
    if not values:
        raise BadRequestError(f"The body is empty. Send rows of {width} numbers as CSV, no header.")
    matrix = _matrix(values, width=width, feature_type=feature_type)
    _check_finite(matrix)
    return matrix


def _matrix(values: list[float], *, width: int, feature_type: DTypeLike) -> NDArray[Any]:
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is refused as such
        return np.array(values).astype(feature_type).reshape(-1, width)


def _check_width(row: Sequence[object], *, number: int, width: int) -> None:
    if len(row) != width:
        raise BadRequestError(f"Row {number} has {len(row)} features; the model expects {width}.")


def _check_finite(matrix: NDArray[Any]) -> None:
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        row, column = (bad[0] + 1).tolist()
        raise BadRequestError(
            f"Row {row}, column {column}: the value is not a finite {matrix.dtype.name}."
        )


def _number(text: str, *, row: int, column: int) -> float:
    try:
        if "_" in text or not text.isascii():  # Python would read "1_0" and other scripts' digits
            raise ValueError
        return float(text)
    except ValueError:
        hint = NO_HEADER if row == 1 else ""
        raise BadRequestError(
            f"Row {row}, column {column}: {shown(text)} is not a number. "
            f"Column 1 is the first feature.{hint}"
        ) from None


def _refuse_non_number(rows: list[list[object]]) -> None:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if type(value) not in (int, float):
                raise BadRequestError(
                    f"Row {number}, column {column}: {shown(value)} is not a number."
                )


def _float_or_infinity(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _csv_field(text: str) -> str:
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
