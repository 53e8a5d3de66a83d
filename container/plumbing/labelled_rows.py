"""Reads a block of training data: lines of CSV, the label in the first column.

``plain`` is fast and takes ordinary lines only; ``careful`` takes all that Python's csv and float
read, and explains what is wrong. What the first one takes, both read the same.
"""

import csv
import io
from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plumbing import csv_block
from plumbing.errors import InputError, shown

LONGEST_LABEL = csv.field_size_limit()


@dataclass(frozen=True)
class Rows:
    """``features`` (rows, columns) and as many ``labels``, from so many ``lines`` of the file."""

    features: NDArray[Any]
    labels: list[str]
    lines: int


class OpenQuoteError(InputError):
    """A quoted field does not end where the block does."""


class LabelTexts(dict[str, str]):
    """From a label as it stands in a file to the one text for all that read the same."""

    MOST = 1 << 16  # where labels are so many different texts, they hardly come again

    def __missing__(self, written: str) -> str:
        text = written.strip()
        if len(self) < self.MOST:
            text = self.setdefault(text, text)
            self[written] = text
        return text


def plain(block: bytes, *, width: int, feature_type: DTypeLike, texts: LabelTexts) -> Rows | None:
    """Reads whole lines, or returns None where they are not surely plain.

    Args:
        width: columns of the rows before, the label's included; 0 if there are none.
    """
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if b'"' in block or b"\r" in block:
        return None
    if not block.endswith(b"\n"):
        block += b"\n"
    columns = block.count(b",", 0, block.index(b"\n"))
    if columns == 0 or width not in (0, columns + 1):
        return None
    characters = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    commas = np.flatnonzero(characters == ord(","))
    if len(commas) != len(ends) * columns:
        return None
    starts = np.concatenate([[0], ends[:-1] + 1])
    firsts, lasts = commas[::columns], commas[columns - 1 :: columns]
    if (firsts <= starts).any() or (lasts > ends).any():
        return None
    if int((firsts - starts).max()) > LONGEST_LABEL:
        return None
    lengths = np.stack([firsts + 1 - starts, ends - firsts], axis=1).ravel()
    in_label = np.repeat(np.tile([True, False], len(ends)), lengths)
    values = csv_block.numbers(characters[~in_label].tobytes(), columns=columns)
    if values is None:
        return None
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is not plain
        features = values.astype(feature_type)
    if not np.isfinite(features).all():
        return None
    try:
        written = characters[in_label].tobytes().decode("utf-8").split(",")
    except UnicodeDecodeError:
        return None
    labels = list(map(texts.__getitem__, written[:-1]))
    return Rows(features=features, labels=labels, lines=len(ends)) if all(labels) else None


def careful(
    block: bytes,
    *,
    name: str,
    first_line: int,
    width: int,
    feature_type: DTypeLike,
    texts: LabelTexts,
) -> Rows:
    """Reads whole lines of the file ``name``, the first of which has the number ``first_line``.

    Raises:
        InputError: names the line and what is wrong there.
        OpenQuoteError: the block ends within a quoted field.
    """
    values = array("d")
    lines = array("q")
    labels: list[str] = []
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = first_line + block.count(b"\n", 0, error.start)
        raise InputError(f"{name} line {line}: not UTF-8 text. Save it as UTF-8 CSV.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            line = first_line - 1 + reader.line_num
            width = width or len(row)
            _check_shape(row, width=width, where=f"{name} line {line}")
            labels.append(texts[row[0]])
            lines.append(line)
            for column, field in enumerate(row[1:], start=2):
                where = f"{name} line {line}, column {column}"
                values.append(_number(field, where=where, line=line))
    except csv.Error as error:
        kind = OpenQuoteError if "unexpected end of data" in str(error) else InputError
        line = first_line - 1 + reader.line_num
        raise kind(f"{name} line {line}: not valid CSV ({error}). Check its quotes.") from error
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is reported below
        features = np.array(values).astype(feature_type).reshape(len(labels), max(width - 1, 0))
    bad = np.argwhere(~np.isfinite(features))
    if len(bad):
        row_index, column_index = bad[0].tolist()
        raise InputError(
            f"{name} line {lines[row_index]}, column {column_index + 2}: the value is not a "
            f"finite {np.dtype(feature_type).name}. Fill or drop missing and infinite values."
        )
    return Rows(features=features, labels=labels, lines=reader.line_num)


def _check_shape(row: list[str], *, width: int, where: str) -> None:
    if len(row) == 1:
        raise InputError(
            f"{where}: only one column. A row is a label and at least one feature, with commas."
        )
    if len(row) != width:
        raise InputError(
            f"{where}: {len(row)} columns, but the rows before have {width}. "
            "Every row needs the same number."
        )
    if not row[0].strip():
        raise InputError(f"{where}: the label (first column) is missing.")
    if "\n" in row[0] or "\r" in row[0]:
        raise InputError(f"{where}: the label (first column) has a line break in it.")


def _number(text: str, *, where: str, line: int) -> float:
    try:
        if "_" in text or not text.isascii():  # Python would read "1_0" and other scripts' digits
            raise ValueError
        return float(text)
    except ValueError:
        header = " If this line is a header, remove it." if line == 1 else ""
        raise InputError(f"{where}: {shown(text)} is not a number.{header}") from None
