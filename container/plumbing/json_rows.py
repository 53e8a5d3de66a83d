"""Reads a request of JSON, ``{"instances": [[1.5, 2], ...]}``, in blocks of its rows.

A row is a list of numbers, or that list in one of the two objects that SageMaker's own algorithms
take: ``{"features": [...]}`` and ``{"data": {"features": {"values": [...]}}}``.
https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from numpy.typing import DTypeLike, NDArray

from plumbing import payload, plain_numbers
from plumbing.errors import shown
from plumbing.payload import BadRequestError

SHAPE = 'Send {"instances": [[1.5, 2], ...]}: one list of numbers a row.'
_BEGIN = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"instances"[ \t\r\n]*:[ \t\r\n]*\[')
_END = re.compile(rb"\][ \t\r\n]*\}[ \t\r\n]*\Z")
_END_BYTES = 64  # where _END is looked for
_ROWS = 4096  # a block of rows that have been read already
_NUMBERS = {int, float}
# Stands for what comes before a row that is not the first one.
_INSTEAD = b'{"instances":[null,'


def blocks(
    body: memoryview, *, width: int, feature_type: DTypeLike, size: int
) -> Iterator[NDArray[Any]]:
    """Matrices (rows, ``width``) of ``feature_type``.

    Rows are read ``size`` bytes at a time, plain lists of numbers by a short way. A document that
    has more than its instances, or rows that end in various ways, is read as a whole.

    Raises, while iterating:
        BadRequestError: names the first bad row and column (from 1) and what is wrong there.
    """
    span = _span(body)
    first_row, position = 1, span[0] if span else 0
    if span:
        for text in _texts(body[slice(*span)], size):
            block = _block(text, width=width, feature_type=feature_type, first_row=first_row)
            if block is None:
                break
            yield block
            first_row += len(block)
            position += len(text) + 1
        else:
            return
    instances = _instances(body) if first_row == 1 else _later_instances(body, position)
    for start in range(0, len(instances), _ROWS):
        some = instances[start : start + _ROWS]
        yield matrix(some, width=width, feature_type=feature_type, first_row=first_row + start)


def _block(
    text: bytes, *, width: int, feature_type: DTypeLike, first_row: int
) -> NDArray[Any] | None:
    """The rows that the text is made of, or None where it is no list of whole rows."""
    listed = b"[" + text + b"]"
    if _is_plain(text, width):
        values = plain_numbers.flat(listed)
        # An empty list looks like one of one number.
        if values is not None and len(values) == width * text.count(b"]"):
            return payload.features(
                values, width=width, feature_type=feature_type, first_row=first_row
            )
    try:
        rows = loads(listed.decode())
    except ValueError:
        return None
    except RecursionError:
        raise BadRequestError(f"The body is nested too deeply. {SHAPE}") from None
    if not rows:
        return None
    return matrix(rows, width=width, feature_type=feature_type, first_row=first_row)


def loads(text: bytes | str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """What the text holds; whole numbers beyond 64 bits may come as the nearest double.

    Raises:
        ValueError: it is not JSON as Python's json reads it.
        RecursionError: it is nested too deeply.
    """
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)  # takes a little more, such as NaN, and says what is wrong


def matrix(
    rows: Sequence[object], *, width: int, feature_type: DTypeLike, first_row: int
) -> NDArray[Any]:
    """Rows of JSON, the first of which is row ``first_row``, as a matrix of ``feature_type``.

    Raises:
        BadRequestError: names the first bad row and column and what is wrong there.
    """
    values: list[float] = []
    refusal: BadRequestError | None = None
    try:
        for number, row in enumerate(rows, first_row):
            values.extend(numbers(row, number=number, width=width))
    except BadRequestError as error:
        refusal = error
    # A value of an earlier row that is not finite comes first.
    block = payload.features(values, width=width, feature_type=feature_type, first_row=first_row)
    if refusal:
        raise refusal
    return block


def numbers(row: object, *, number: int, width: int) -> list[float]:
    """The features of row ``number``.

    Raises:
        BadRequestError: it is no list of ``width`` numbers.
    """
    for name in ("data", "features", "values"):
        if isinstance(row, dict) and name in row and "keys" not in row:  # keys: a sparse row
            row = row[name]
    if not isinstance(row, list):
        raise BadRequestError(f"Row {number} is not a list of {width} numbers.")
    payload.check_width(row, number=number, width=width)
    if not _NUMBERS.issuperset(map(type, row)):
        column = next(place for place, value in enumerate(row, 1) if type(value) not in _NUMBERS)
        why = f"{shown(row[column - 1])} is not a number."
        raise BadRequestError(f"Row {number}, column {column}: {why}")
    try:
        return [float(value) for value in row]
    except OverflowError:
        return [_float_or_infinity(value) for value in row]


def _span(body: memoryview) -> tuple[int, int] | None:
    """Where the text between the brackets of the instances is, if there seems to be nothing else.

    It is not empty.
    """
    begin = _BEGIN.match(body)
    tail = max(0, len(body) - _END_BYTES)
    end = _END.search(bytes(body[tail:]))
    if not begin or not end or tail + end.start() <= begin.end():
        return None
    return begin.end(), tail + end.start()


def _texts(rows: memoryview, size: int) -> Iterator[bytes]:
    """About ``size`` bytes at a time, cut at commas behind what the last row ends with.

    Wherever it is cut: if each text is a list of values, all of them together are the whole list.
    """
    last = bytes(rows[-_END_BYTES:]).rstrip()[-1:]
    mark = b"}," if last == b"}" else b"],"
    start = 0
    while start < len(rows):
        reach = size
        while True:
            text = bytes(rows[start : start + reach])
            end = text.rfind(mark) + 1
            if end or start + len(text) == len(rows):
                break
            reach *= 2
        if start + len(text) < len(rows):
            text = text[:end]
        yield text
        start += len(text) + 1


def _is_plain(text: bytes, width: int) -> bool:
    """Whether there is nothing but lists of as many numbers, though not if these are numbers."""
    marks = text.translate(None, plain_numbers.ALPHABET + b"\r\n")
    row = b"[" + b"," * (width - 1) + b"],"
    return bool(marks) and marks + b"," == row * ((len(marks) + 1) // len(row))


def _instances(body: memoryview) -> list[object]:
    text = bytes(body)
    try:
        content = loads(text)
    except RecursionError:
        raise BadRequestError(f"The body is nested too deeply. {SHAPE}") from None
    except ValueError as error:
        reason = str(error) if text.strip() else "it is empty"
        raise BadRequestError(f"The body is not valid JSON: {reason}. {SHAPE}") from None
    rows = content.get("instances") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadRequestError(f"The body has no list of instances. {SHAPE}")
    return rows


def _later_instances(body: memoryview, position: int) -> list[object]:
    """The rows from this byte on; those before, which end with a comma, have been read."""
    try:
        content = loads(_INSTEAD + bytes(body[position:]))
    except RecursionError:
        raise BadRequestError(f"The body is nested too deeply. {SHAPE}") from None
    except UnicodeDecodeError:
        raise BadRequestError(f"The body is not UTF-8 text. {SHAPE}") from None
    except json.JSONDecodeError as error:
        before = bytes(body[:position]).decode(errors="replace")
        place = len(before) + error.pos - len(_INSTEAD)
        whole = json.JSONDecodeError(error.msg, before + error.doc[len(_INSTEAD) :], place)
        raise BadRequestError(f"The body is not valid JSON: {whole}. {SHAPE}") from None
    except ValueError as error:  # a whole number with too many digits
        raise BadRequestError(f"The body is not valid JSON: {error}. {SHAPE}") from None
    rows = content["instances"]
    if not isinstance(rows, list) or rows[:1] != [None]:
        raise BadRequestError(f"The body has instances more than once. {SHAPE}")
    return rows[1:]


def _float_or_infinity(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")
