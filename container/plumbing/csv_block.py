"""Reads a block of plain CSV: many rows of numbers at once."""

import re

import numpy as np
from numpy.typing import NDArray

from plumbing import plain_numbers

# Python's csv refuses longer fields, so this reader leaves them to it.
_FIELD_LIMIT = 131072
_MINUS_ZERO = re.compile(rb"(?<![eE])-0(?=[,\n \t])")


def numbers(block: bytes | memoryview, *, columns: int) -> NDArray[np.float64] | None:
    """An array (rows, ``columns``) of the numbers in whole lines of CSV.

    None means that the block is not surely plain: quotes, blank or ragged lines, text, and also
    some ways to write a number that Python reads but JSON does not, such as ``.5`` or ``01``. Read
    it with Python's csv and float then. What this does accept, those read as the same numbers, bit
    for bit. The array cannot be written to.
    """
    text = bytes(block)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    # Without what numbers are made of, the separators remain: the alphabet and the shape at once.
    separators = text.translate(None, plain_numbers.ALPHABET)
    rows = len(separators) // columns
    if separators != (b"," * (columns - 1) + b"\n") * rows or _may_have_a_long_field(text):
        return None
    if b"-" in text and b"-0" in text:  # looking for one byte is far cheaper
        text = _MINUS_ZERO.sub(b"-0.0", text)
    items = text.replace(b"\n", b",")
    values = plain_numbers.flat(b"".join((b"[", memoryview(items)[:-1], b"]")))
    if values is None or len(values) != rows * columns:
        return None
    return values.reshape(rows, columns)


def _may_have_a_long_field(text: bytes) -> bool:
    """Whether a window of half the limit has no separator: a field beyond the limit covers one."""
    if len(text) <= _FIELD_LIMIT:
        return False
    window = _FIELD_LIMIT // 2
    return any(
        text.find(b",", start, start + window) < 0 and text.find(b"\n", start, start + window) < 0
        for start in range(0, len(text) - window + 1, window)
    )
