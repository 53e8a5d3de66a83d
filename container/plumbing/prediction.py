"""Answers a request: reads its rows, has the model predict them, writes the predictions.

It goes block by block, so that beside request and answer it needs little memory, however large
they are; only JSON documents that have more than their instances are read as a whole.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import model as room
from numpy.typing import NDArray

from plumbing import json_lines, json_rows, media, one_row, parquet, payload, rendering
from plumbing.csv_rows import CsvRows
from plumbing.payload import CSV, JSON, JSON_LINES, PARQUET

_Reader = Callable[..., Iterable[NDArray[Any]]]
_READERS: dict[str, _Reader] = {
    CSV: CsvRows,
    JSON: json_rows.blocks,
    JSON_LINES: json_lines.blocks,
    PARQUET: parquet.blocks,
}
_ONE_ROW = {CSV: one_row.from_csv, JSON: one_row.from_json}
ROWS = 16 * 1024  # the most that the model gets at once
_ONE_ROW_BYTES = 16 * 1024  # more is surely not one row, or not worth a try


def answer(
    model: room.Model,
    body: bytes | bytearray | memoryview,
    *,
    given: str,
    wanted: str,
    block_bytes: int = payload.BLOCK_BYTES,
) -> bytes:
    """The predictions for ``body``, in the order of its rows.

    Args:
        model: what ``model.load`` returned.
        body: of the content type ``given``, a result of ``media.content_type``.
        given: see ``body``.
        wanted: the answer's content type, a result of ``media.accepted``.
        block_bytes: about how much of the body is worked on at once.

    Raises:
        payload.BadRequestError: the body is not what it has to be; names row and column.
        rendering.PredictionError: the model did not predict a finite number or a text a row.
    """
    given, wanted = media.kind(given), media.kind(wanted)
    one_row_of = _ONE_ROW.get(given)
    if one_row_of and len(body) <= _ONE_ROW_BYTES and wanted != PARQUET:
        row = one_row_of(bytes(body), width=model.feature_count, feature_type=room.FEATURE_TYPE)
        if row is not None:
            return rendering.single(rendering.column(room.predict(model, row), rows=1), wanted)
    blocks = _READERS[given](
        memoryview(body),
        width=model.feature_count,
        feature_type=room.FEATURE_TYPE,
        size=block_bytes,
    )
    predictions = _predictions(model, blocks)
    if wanted == PARQUET:
        return parquet.body(predictions)
    return rendering.body(predictions, wanted)


def _predictions(model: room.Model, blocks: Iterable[NDArray[Any]]) -> Iterator[rendering.Column]:
    for block in blocks:
        for start in range(0, len(block), ROWS):
            features = block[start : start + ROWS]
            yield rendering.column(room.predict(model, features), rows=len(features))
