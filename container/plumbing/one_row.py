"""Reads the request that an endpoint gets most: one row. A short way, for speed alone.

What it accepts, the other readers read as the same numbers; what it does not, is theirs.
"""

import math
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
from numpy.typing import DTypeLike, NDArray

_NUMBERS = {int, float}


def from_csv(body: bytes, *, width: int, feature_type: DTypeLike) -> NDArray[Any] | None:
    """A matrix (1, ``width``) of one line of plain numbers; None for anything else."""
    end = body.find(b"\n")
    if end >= 0:
        if end != len(body) - 1:
            return None
        body = body[:-2] if body.endswith(b"\r\n") else body[:-1]
    # A lone \r ends a row too; float would read 1_0.
    if b"\r" in body or b"_" in body:
        return None
    fields = body.split(b",")
    if len(fields) != width:
        return None
    try:
        return _matrix(list(map(float, fields)), feature_type)
    except ValueError:
        return None


def from_json(body: bytes, *, width: int, feature_type: DTypeLike) -> NDArray[Any] | None:
    """A matrix (1, ``width``) of ``{"instances": [[...]]}``; None for anything else."""
    if body.count(b"[") != 2:  # several rows are faster read at once
        return None
    try:
        (row,) = orjson.loads(body)["instances"]
    except (ValueError, TypeError, KeyError):
        return None
    if type(row) is not list or len(row) != width or not _NUMBERS.issuperset(map(type, row)):
        return None
    return _matrix(list(map(float, row)), feature_type)


def _matrix(values: list[float], feature_type: DTypeLike) -> NDArray[Any] | None:
    limit = _limit(feature_type)  # type: ignore[arg-type]
    # A sum is finite only if all are. Not so the greatest: nan compares as it likes.
    if math.isfinite(sum(values)) and -limit <= min(values) and max(values) <= limit:
        return np.array([values], dtype=feature_type)
    return None


@lru_cache(maxsize=8)
def _limit(feature_type: Hashable) -> float:
    """Numbers up to this are finite in the type; -1: none is to be taken here."""
    kind = np.dtype(feature_type)  # type: ignore[call-overload]
    return float(np.finfo(kind).max) if kind.kind == "f" else -1.0
