"""Reads a request of JSON Lines: each line is a row, as SageMaker's dense format has it.

``{"features": [1.5, 2]}`` or ``{"data": {"features": {"values": [1.5, 2]}}}``, and also the bare
list ``[1.5, 2]``. https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html#cm-jsonlines
"""

import json
from collections.abc import Iterator
from typing import Any

import orjson
from numpy.typing import DTypeLike, NDArray

from plumbing import json_rows, payload, plain_numbers
from plumbing.payload import BadRequestError

SHAPE = 'Send one line like {"features": [1.5, 2]} a row.'
_OBJECT = b'{"features":'
_LINES_TO_ITEMS = bytes.maketrans(b"\n", b",")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"


def blocks(
    body: memoryview, *, width: int, feature_type: DTypeLike, size: int
) -> Iterator[NDArray[Any]]:
    """Matrices (rows, ``width``) of ``feature_type``. Blank lines may stand at the end.

    Raises, while iterating:
        BadRequestError: names the first bad row and column (from 1) and what is wrong there.
    """
    body = body[: payload.end_of_rows(body)]
    position = len(_BYTE_ORDER_MARK) if bytes(body[:3]) == _BYTE_ORDER_MARK else 0
    if position >= len(body):
        raise BadRequestError(f"The body is empty. {SHAPE}")
    first_row = 1
    while position < len(body):
        block = payload.whole_lines(body, position, size=size)
        position += len(block)
        plain = _plain(block, width=width)
        if plain is not None:
            rows = payload.features(
                plain, width=width, feature_type=feature_type, first_row=first_row
            )
        else:
            rows = _careful(block, width=width, feature_type=feature_type, first_row=first_row)
        yield rows
        first_row += len(rows)


def _plain(block: bytes, *, width: int) -> NDArray[Any] | None:
    """The numbers of lines that are all plain lists, or all such lists as features; else None."""
    text = block if block.endswith(b"\n") else block + b"\n"
    row = b"[" + b"," * (width - 1) + b"]"
    objects = text.count(_OBJECT)
    if objects:
        text = text.replace(_OBJECT, b"{")
        row = b"{" + row + b"}"
    # Without what numbers are made of, the structure remains.
    marks = text.translate(None, plain_numbers.ALPHABET + b"\r")
    rows = len(marks) // (len(row) + 1)
    if marks != (row + b"\n") * rows or objects not in (0, rows):
        return None
    # The brackets stay, so that nothing that stood apart is joined.
    values = plain_numbers.flat(b"[" + text[:-1].translate(_LINES_TO_ITEMS, b"{}") + b"]")
    return values if values is not None and len(values) == rows * width else None


def _careful(block: bytes, *, width: int, feature_type: DTypeLike, first_row: int) -> NDArray[Any]:
    rows: list[object] = []
    refusal: BadRequestError | None = None
    for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), first_row):
        try:
            rows.append(_row(line, number=number, width=width))
        except BadRequestError as error:
            refusal = error
            break
    matrix = json_rows.matrix(rows, width=width, feature_type=feature_type, first_row=first_row)
    if refusal:
        raise refusal
    return matrix


def _row(line: bytes, *, number: int, width: int) -> object:
    try:
        return orjson.loads(line)
    except ValueError:
        pass
    if not line.strip(_SPACE):
        payload.refuse_blank(number, width=width)
    try:
        return json.loads(line.decode())
    except RecursionError:
        raise BadRequestError(f"Row {number} is nested too deeply. {SHAPE}") from None
    except UnicodeDecodeError:
        raise BadRequestError(f"Row {number} is not UTF-8 text. {SHAPE}") from None
    except ValueError as error:
        raise BadRequestError(f"Row {number} is not valid JSON: {error}. {SHAPE}") from None
