"""Reads a request of CSV in blocks: the plain ones at once, any other row by row and carefully."""

import csv
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plumbing import csv_block, payload
from plumbing.errors import shown
from plumbing.payload import BadRequestError

# Held-out files come here through a batch transform, so people meet this text in its log.
NO_HEADER = (
    " Send no header line; a request carries features only "
    "(in held-out files the label stays, the workflow takes it off)."
)
_LONG_LINE = 1024 * 1024  # bytes
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CsvRows:
    """Rows of ``width`` features, no header, UTF-8; iterates over blocks of them.

    A block is a matrix (rows, ``width``) of ``feature_type``. Blank lines may stand at the end.

    Raises, while iterating:
        BadRequestError: names the first bad row and column (from 1) and what is wrong there.
    """

    def __init__(self, body: memoryview, *, width: int, feature_type: DTypeLike, size: int) -> None:
        self._body = body[: payload.end_of_rows(body)]
        self._width = width
        self._type = feature_type
        self._size = size
        self._position = 3 if bytes(body[:3]) == _BYTE_ORDER_MARK else 0
        self._row = 0  # how many rows have been read
        self._blank = 0  # the first blank row since the last full one

    def __iter__(self) -> Iterator[NDArray[Any]]:
        empty = True
        while self._position < len(self._body):
            rows = self._block()
            if len(rows):
                empty = False
                yield rows
        if empty:
            raise BadRequestError(
                f"The body is empty. Send rows of {self._width} numbers as CSV, no header."
            )

    def _block(self) -> NDArray[Any]:
        block = payload.whole_lines(self._body, self._position, size=self._size)
        values = csv_block.numbers(block, columns=self._width)
        if values is None:
            if not block.strip(payload.SPACE):
                return self._blank_block(block)
            return self._careful_block(until=self._position + len(block))
        payload.refuse_blank(self._blank, width=self._width)
        first_row = self._row + 1
        self._position += len(block)
        self._row += len(values)
        return payload.features(
            values, width=self._width, feature_type=self._type, first_row=first_row
        )

    def _blank_block(self, block: bytes) -> NDArray[Any]:
        """Counts blank lines, of which there may be millions."""
        self._blank = self._blank or self._row + 1
        self._row += len(block.splitlines())
        self._position += len(block)
        return np.empty((0, self._width), self._type)

    def _careful_block(self, *, until: int) -> NDArray[Any]:
        """Reads rows at least until that position: a quoted field may go on beyond it."""
        values: list[float] = []
        first_row = self._row + 1
        refusal: BadRequestError | None = None
        try:
            for row in csv.reader(self._lines(), strict=True):
                self._row += 1
                if not row or (len(row) == 1 and not row[0].strip()):
                    self._blank = self._blank or self._row
                else:
                    payload.refuse_blank(self._blank, width=self._width)
                    values.extend(self._numbers(row))
                if self._position >= until:
                    break
        except csv.Error as error:
            why = f"is not valid CSV ({error}). Check its quotes."
            refusal = BadRequestError(f"Row {self._row + 1} {why}")
        except UnicodeDecodeError:
            why = "is not UTF-8 text. Send rows of numbers as CSV."
            refusal = BadRequestError(f"Row {self._row + 1} {why}")
        except BadRequestError as error:
            refusal = error
        # A value of an earlier row that is not finite comes first.
        rows = payload.features(
            values, width=self._width, feature_type=self._type, first_row=first_row
        )
        if refusal:
            raise refusal
        return rows

    def _lines(self) -> Iterator[str]:
        while self._position < len(self._body):
            block = payload.whole_lines(self._body, self._position, size=self._size)
            for line in block.splitlines(keepends=True):
                if len(line) > _LONG_LINE:  # millions of fields are not worth their memory
                    payload.check_width(
                        range(line.count(b",") + 1), number=self._row + 1, width=self._width
                    )
                self._position += len(line)
                yield line.decode()

    def _numbers(self, row: list[str]) -> list[float]:
        payload.check_width(row, number=self._row, width=self._width)
        try:
            numbers = [float(field) for field in row]
        except ValueError:
            numbers = []
        joined = "".join(row)
        # Python would read "1_0" and other scripts' digits.
        if not numbers or "_" in joined or not joined.isascii():
            raise self._not_a_number(row)
        return numbers

    def _not_a_number(self, row: list[str]) -> BadRequestError:
        column = next(number for number, field in enumerate(row, 1) if not _is_number(field))
        hint = NO_HEADER if self._row == 1 else ""
        return BadRequestError(
            f"Row {self._row}, column {column}: {shown(row[column - 1])} is not a number. "
            f"Column 1 is the first feature.{hint}"
        )


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.isascii() and "_" not in field
