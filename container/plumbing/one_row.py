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

from plumbing import plain_numbers

_PLAIN = plain_numbers.ALPHABET + b","
_NUMBERS = {int, float}


def from_csv(body: bytes, *, width: int, feature_type: DTypeLike) -> NDArray[Any] | None:
    """A matrix (1, ``width``) of one line of plain numbers; None for anything else."""
    rest = body.translate(None, _PLAIN)
    if rest and (rest not in (b"\n", b"\r\n") or not body.endswith(rest)):
        return None
    if b"-" in body and b"-0" in body:  # -0 is a whole number in JSON, and has no sign
        return None
    try:
        values = orjson.loads(b"[%b]" % body)
    except ValueError:
        return None
    return _matrix(values, feature_type) if len(values) == width else None


def from_json(body: bytes, *, width: int, feature_type: DTypeLike) -> NDArray[Any] | None:
    """A matrix (1, ``width``) of ``{"instances": [[...]]}``; None for anything else."""
    if body.count(b"[") != 2:  # several rows are faster read at once
        return None
    try:
        (values,) = orjson.loads(body)["instances"]
    except (ValueError, TypeError, KeyError):
        return None
    if type(values) is not list or len(values) != width:
        return None
    return _matrix(values, feature_type) if _NUMBERS.issuperset(map(type, values)) else None


def _matrix(values: list[int | float], feature_type: DTypeLike) -> NDArray[Any] | None:
    # No value is greater than the length of the vector. What orjson reads is finite.
    if math.hypot(*values) <= _limit(feature_type):  # type: ignore[arg-type]
        return np.array([values], dtype=feature_type)
    return None


@lru_cache(maxsize=8)
def _limit(feature_type: Hashable) -> float:
    """Numbers up to this are finite in the type; -1: none is to be taken here."""
    kind = np.dtype(feature_type)  # type: ignore[call-overload]
    return float(np.finfo(kind).max) if kind.kind == "f" else -1.0
