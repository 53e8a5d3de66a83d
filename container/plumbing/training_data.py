"""Reads the training channel: CSV files without header, the label in the first column.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plumbing import labelled_rows
from plumbing.errors import InputError

BLOCK_BYTES = 1 << 18  # read at once: more does not fit into the CPU's caches
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class TrainingData:
    """``features`` (rows, columns) and as many ``labels``, in the order of the files.

    Labels that read the same are one text, so that a million take little memory.
    """

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
    table = _Table(feature_type)
    for path in paths:
        table.read(path, str(path.relative_to(folder)))
    return table.data()


class _Table:
    """The rows read so far. The matrix grows where it lies, so that it is never there twice."""

    def __init__(self, feature_type: DTypeLike) -> None:
        self._features = np.empty((0, 0), dtype=feature_type)
        self._labels: list[str] = []
        self._texts = labelled_rows.LabelTexts()
        self._first_name = ""

    def data(self) -> TrainingData:
        self._resize(len(self._labels))
        return TrainingData(features=self._features, labels=self._labels)

    def read(self, path: Path, name: str) -> None:
        """Adds a file's rows; ``name`` is for messages."""
        before, line, width = len(self._labels), 1, 0
        with path.open("rb") as file:
            if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
                file.seek(0)
            block, more = b"", True
            while more:
                chunk = file.read(max(BLOCK_BYTES, len(block)))
                block, more = block + chunk, bool(chunk)
                end = block.rfind(b"\n") + 1 if more else len(block)
                try:
                    rows = self._rows(block[:end], name=name, first_line=line, width=width)
                except labelled_rows.OpenQuoteError:
                    if not more:
                        raise
                    continue
                if len(rows.labels):
                    self._add(rows, name)
                    width = rows.features.shape[1] + 1
                line += rows.lines
                block = block[end:]
        if len(self._labels) == before:
            raise InputError(f"{name} is empty. Remove it, or put rows into it.")

    def _rows(self, block: bytes, *, name: str, first_line: int, width: int) -> labelled_rows.Rows:
        kind, texts = self._features.dtype, self._texts
        return labelled_rows.plain(
            block, width=width, feature_type=kind, texts=texts
        ) or labelled_rows.careful(
            block, name=name, first_line=first_line, width=width, feature_type=kind, texts=texts
        )

    def _add(self, rows: labelled_rows.Rows, name: str) -> None:
        count, columns = rows.features.shape
        start = len(self._labels)
        if start == 0:
            self._first_name = name
            self._features = np.empty((0, columns), dtype=self._features.dtype)
        elif columns != self._features.shape[1]:
            raise InputError(
                f"{name} has {columns} features a row, but {self._first_name} "
                f"has {self._features.shape[1]}. All files need the same columns."
            )
        if start + count > len(self._features):
            self._resize(start + count + start // 8)
        self._features[start : start + count] = rows.features
        self._labels.extend(rows.labels)

    def _resize(self, rows: int) -> None:
        self._features.resize((rows, self._features.shape[1]), refcheck=False)
