"""Reads and writes Parquet, by arro3, where that is installed; it is loaded when first asked for.

https://parquet.apache.org/docs/file-format/
"""

import contextlib
import importlib.util
import io
import os
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from plumbing import payload, rendering
from plumbing.payload import BadRequestError

if TYPE_CHECKING:
    from arro3.core import DataType, RecordBatch, Schema

COLUMN = "prediction"
# Parquet can say a number a million times in a few bytes; a body of CSV holds no more than this.
VALUES = 50_000_000
_ROWS = 8192  # a block
_reading = threading.Lock()  # a reader may take much memory: one at a time in a worker
_READER = str(Path(__file__).with_name("parquet_reader.py"))


def installed() -> bool:
    """Whether the image has what this module needs."""
    return all(importlib.util.find_spec(name) for name in ("arro3", "arro3.core", "arro3.io"))


def blocks(
    body: memoryview, *, width: int, feature_type: DTypeLike, size: int
) -> Iterator[NDArray[Any]]:
    """Matrices (rows, ``width``) of ``feature_type``; the columns count in their order.

    Raises, while iterating:
        BadRequestError: names the column that has no numbers, or row and column of a null or of a
            value that is not finite.
    """
    first_row = 1
    with contextlib.closing(_batches(body, rows=min(size, _ROWS), width=width)) as batches:
        for batch in batches:
            if (first_row - 1 + batch.num_rows) * width > VALUES:
                raise BadRequestError(
                    f"The body has more than {VALUES // width} rows. Send fewer at once."
                )
            if batch.num_rows:
                yield _matrix(batch, feature_type=feature_type, first_row=first_row)
                first_row += batch.num_rows
    if first_row == 1:
        raise BadRequestError(f"The body has no rows. Send {width} columns of numbers.")


def body(predictions: Iterable[rendering.Column]) -> bytes:
    """A file of one column, ``prediction``: text, whole numbers or doubles.

    Raises:
        rendering.PredictionError: a prediction is missing or not finite.
    """
    from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
    from arro3.io import write_parquet

    columns = []
    row = 1
    for values in predictions:
        rendering.refuse_missing(values, row)
        columns.append(values)
        row += len(values)
    kind = _column_type(columns)
    schema = Schema([Field(COLUMN, kind, nullable=False)])

    def batches() -> Iterator[RecordBatch]:
        for values in columns:
            if DataType.is_string(kind):
                array = Array([str(value) for value in values], type=kind)
            else:
                whole = DataType.is_integer(kind)
                array = Array.from_numpy(
                    np.ascontiguousarray(values, np.int64 if whole else np.float64)
                )
            yield RecordBatch.from_arrays([array], schema=schema)

    file = io.BytesIO()
    reader = RecordBatchReader.from_batches(schema, batches())
    write_parquet(reader, file, compression="snappy")
    return file.getvalue()


def _batches(body: memoryview, *, rows: int, width: int) -> "Generator[RecordBatch, None, None]":
    import subprocess  # not before somebody sends Parquet: it would make every start slower

    from arro3.io import read_ipc_stream

    with _reading, _file_in_memory() as file:
        file.write(body)
        file.seek(0)
        with subprocess.Popen(
            [sys.executable, "-I", _READER, str(rows)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                reader = read_ipc_stream(cast("IO[bytes]", process.stdout))
                _check_schema(reader.schema, width)
                yield from reader
                # A stream that breaks off between two batches looks like one that is over.
                if process.wait():
                    raise EOFError
            except BadRequestError:
                raise
            except Exception:
                raise BadRequestError(
                    "The body is not a Parquet file that can be read: it is damaged, or asks for "
                    "too much memory."
                ) from None
            finally:
                process.kill()


def _file_in_memory() -> IO[bytes]:
    """Needs no folder that can be written, and puts nobody's data on a disk."""
    if sys.platform == "linux":
        return open(os.memfd_create("parquet"), "w+b")  # noqa: PTH123 - a descriptor, not a path
    import tempfile

    return tempfile.TemporaryFile()


def _check_schema(schema: "Schema", width: int) -> None:
    from arro3.core import DataType

    if len(schema) != width:
        raise BadRequestError(
            f"The file has {len(schema)} columns; the model expects {width}. "
            "Send features only, in the order of training."
        )
    for number in range(width):
        field = schema[number]
        if not (DataType.is_integer(field.type) or DataType.is_floating(field.type)):
            kind = repr(field.type).strip().removeprefix("arro3.core.DataType")
            raise BadRequestError(
                f"Column {number + 1}, {field.name!r}, is of type {kind}. "
                "Send whole or floating-point numbers."
            )


def _matrix(batch: "RecordBatch", *, feature_type: DTypeLike, first_row: int) -> NDArray[Any]:
    values = np.empty((batch.num_rows, batch.num_columns))
    for number, array in enumerate(batch.columns):
        if array.null_count:
            row = first_row + list(array.to_pylist()).index(None)
            name = batch.schema[number].name
            raise BadRequestError(
                f"Row {row}, column {number + 1}, {name!r}: the value is null. Fill it or drop it."
            )
        values[:, number] = array.to_numpy()
    return payload.features(
        values, width=batch.num_columns, feature_type=feature_type, first_row=first_row
    )


def _column_type(columns: list[rendering.Column]) -> "DataType":
    from arro3.core import DataType

    kinds = {kind for values in columns for kind in _types(values)}
    if any(issubclass(kind, (bool, np.uint64)) for kind in kinds):
        return DataType.string()
    if all(issubclass(kind, (int, np.integer)) for kind in kinds):
        return DataType.int64()
    if all(issubclass(kind, (int, float, np.number)) for kind in kinds):
        return DataType.float64()
    return DataType.string()


def _types(values: rendering.Column) -> set[type]:
    return set(map(type, values)) if isinstance(values, list) else {values.dtype.type}
