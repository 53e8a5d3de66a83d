"""What tests of the formats share: reading a body by one of the readers."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from plumbing import json_lines, json_rows, parquet
from plumbing.csv_rows import CsvRows
from plumbing.payload import CSV, JSON, JSON_LINES, PARQUET

_READERS: dict[str, Callable[..., Iterable[NDArray[Any]]]] = {
    CSV: CsvRows,
    JSON: json_rows.blocks,
    JSON_LINES: json_lines.blocks,
    PARQUET: parquet.blocks,
}


def read(
    kind: str,
    body: bytes,
    *,
    width: int,
    feature_type: DTypeLike = np.float32,
    size: int = 256 * 1024,
) -> NDArray[Any]:
    """All rows of the body, read in blocks of about ``size`` bytes."""
    reader = _READERS[kind]
    blocks = reader(memoryview(body), width=width, feature_type=feature_type, size=size)
    return np.concatenate(list(blocks))
