"""Turns the text of a list of numbers into an array, by a parser that uses the CPU's vectors.

https://github.com/simdjson/simdjson
"""

import threading

import numpy as np
import simdjson
from numpy.typing import NDArray

# What a number is written with, and the space that may be around it. Reading JSON's grammar, the
# parser refuses what is no number all the same.
ALPHABET = b"0123456789.+-eE \t"
_USUAL_BYTES = 4 * 1024 * 1024  # a parser keeps the memory of the largest text that it has read


class _Parsers(threading.local):
    """A parser for each thread: one is busy from ``parse`` until its array has been copied."""

    def __init__(self) -> None:
        self.parser = simdjson.Parser()


_parsers = _Parsers()


def flat(text: bytes) -> NDArray[np.float64] | None:
    """The numbers of a JSON list, lists in it laid out flat; None where it is not such a list.

    Each is the double nearest to what is written, as Python's ``float`` reads it; but ``-0`` is a
    whole number in JSON and becomes 0. Numbers beyond a double, and whole ones beyond 64 bits,
    give None. The array is a copy of its own and cannot be written to.
    """
    parser = _parsers.parser if len(text) <= _USUAL_BYTES else simdjson.Parser()
    try:
        # In one expression: no proxy may outlive it, or the parser could not be used again.
        copied = parser.parse(text).as_buffer(of_type="d")  # type: ignore[union-attr]
    except (ValueError, TypeError, RuntimeError):
        return None
    return np.frombuffer(copied, dtype=np.float64)
