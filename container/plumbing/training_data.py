"""Reads the training channel: CSV files without header, the label in the first column.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

import csv
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plumbing.errors import InputError, shown


@dataclass(frozen=True)
class TrainingData:
    """``features`` (rows, columns) and as many ``labels``, in the order of the files."""

    features: NDArray[Any]
    labels: list[str]


@dataclass(frozen=True)
class _File:
    name: str
    features: NDArray[Any]
    labels: list[str]


def read_channel(folder: Path, feature_type: DTypeLike) -> TrainingData:
    """Reads every file of the channel, sub-folders too, in the order of their names.

    Files whose names begin with ``.`` or ``_`` are markers by convention, not data.

    Raises:
        InputError: names the file, the line and what is wrong there.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    paths = [path for path in found if not path.name.startswith((".", "_"))]
    if not paths:
        ignored = f" ({len(found)} whose names begin with . or _ do not count)" if found else ""
        raise InputError(
            f"The channel 'training' has no files{ignored}. "
            "Put at least one CSV file, label first, under its S3 prefix."
        )
    files = [_read_file(path, str(path.relative_to(folder)), feature_type) for path in paths]
    for file in files[1:]:
        if file.features.shape[1] != files[0].features.shape[1]:
            raise InputError(
                f"{file.name} has {file.features.shape[1]} features a row, but {files[0].name} "
                f"has {files[0].features.shape[1]}. All files need the same columns."
            )
    return TrainingData(
        features=np.concatenate([file.features for file in files]),
        labels=[label for file in files for label in file.labels],
    )


def _read_file(path: Path, name: str, feature_type: DTypeLike) -> _File:
    values = array("d")
    lines = array("q")
    labels: list[str] = []
    width = 0
    for line, row in _rows(path, name):
        width = width or len(row)
        _check_shape(row, width=width, where=f"{name} line {line}")
        labels.append(row[0].strip())
        lines.append(line)
        for column, text in enumerate(row[1:], start=2):
            values.append(_number(text, where=f"{name} line {line}, column {column}", line=line))
    if not labels:
        raise InputError(f"{name} is empty. Remove it, or put rows into it.")
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is reported below
        features = (
            np.frombuffer(values, dtype=np.float64)
            .reshape(len(labels), width - 1)
            .astype(feature_type)
        )
    bad = np.argwhere(~np.isfinite(features))
    if len(bad):
        row_index, column_index = bad[0].tolist()
        raise InputError(
            f"{name} line {lines[row_index]}, column {column_index + 2}: the value is not a "
            f"finite {np.dtype(feature_type).name}. Fill or drop missing and infinite values."
        )
    return _File(name=name, features=features, labels=labels)


def _rows(path: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yields line number (from 1) and fields of every line that is not blank."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for row in reader:
                if row and (len(row) > 1 or row[0].strip()):
                    yield reader.line_num, row
        except csv.Error as error:
            raise InputError(
                f"{name} line {reader.line_num}: not valid CSV ({error}). Check its quotes."
            ) from error
        except UnicodeDecodeError:
            raise InputError(
                f"{name} line {_undecodable_line(path)}: not UTF-8 text. Save it as UTF-8 CSV."
            ) from None


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


def _undecodable_line(path: Path) -> int:
    # The text layer reads ahead, so the reader's own count is behind: look at the bytes.
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
