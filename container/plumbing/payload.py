"""What all readers of requests share: content types, refusals, blocks of lines, the features' type.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
PARQUET = "application/x-parquet"

# Bytes of a request that are read, predicted and answered at once. Small enough for the CPU's
# cache, and for little memory beside request and answer; large enough that calls cost nothing.
BLOCK_BYTES = 256 * 1024
SPACE = b" \t\r\n"
_LINE_FEED = re.compile(rb"\n")


class BadRequestError(Exception):
    """A request cannot be answered; the message says why and what to send."""


def check_width(row: Sequence[object], *, number: int, width: int) -> None:
    """Refuses row ``number`` (from 1) unless it has ``width`` features."""
    if len(row) != width:
        raise BadRequestError(f"Row {number} has {len(row)} features; the model expects {width}.")


def refuse_blank(number: int, *, width: int) -> None:
    """Refuses blank row ``number``, unless it is 0: blank ones may stand at the end only."""
    if number:
        raise BadRequestError(f"Row {number} is blank. Every row needs {width} features.")


def features(
    values: Sequence[float] | NDArray[np.float64],
    *,
    width: int,
    feature_type: DTypeLike,
    first_row: int,
) -> NDArray[Any]:
    """The values of whole rows, the first of which is row ``first_row``, as the model takes them.

    Raises:
        BadRequestError: names row and column (from 1) of a value that is not finite in that type.
    """
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is refused as such
        matrix = np.asarray(values, dtype=np.float64).reshape(-1, width).astype(feature_type)
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0].tolist()
        raise BadRequestError(
            f"Row {first_row + row}, column {column + 1}: "
            f"the value is not a finite {matrix.dtype.name}."
        )
    return matrix


def end_of_rows(body: memoryview) -> int:
    """Where the last line that is not blank ends, its line feed included."""
    end = len(body)
    while end:
        start = max(0, end - BLOCK_BYTES)
        filled = start + len(bytes(body[start:end]).rstrip(SPACE))
        if filled > start:
            line_feed = _LINE_FEED.search(body, filled)
            return line_feed.end() if line_feed else len(body)
        end = start
    return 0


def whole_lines(body: memoryview, start: int, *, size: int) -> bytes:
    """About ``size`` bytes from ``start``, up to the end of a line; at least one line."""
    while True:
        block = bytes(body[start : start + size])
        if start + len(block) == len(body):
            return block
        end = block.rfind(b"\n") + 1
        if end:
            return block[:end]
        size *= 2
