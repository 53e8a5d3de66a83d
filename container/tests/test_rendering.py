"""Answers, read back by Python's csv and json and by arro3."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from arro3.io import read_parquet
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from plumbing import parquet, rendering
from plumbing.payload import CSV, JSON, JSON_LINES
from plumbing.rendering import PredictionError

LABELS = st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.integers()
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def answers(*blocks: Sequence[Any] | NDArray[Any]) -> dict[str, bytes]:
    """The answer in each text format, made of those blocks of predictions."""
    columns = [rendering.column(block, rows=len(block)) for block in blocks]
    return {kind: rendering.body(iter(columns), kind) for kind in (CSV, JSON, JSON_LINES)}


def from_csv(text: bytes) -> list[str]:
    rows = list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))
    assert all(len(row) == 1 for row in rows)
    return [row[0] for row in rows]


def from_json(text: bytes) -> list[Any]:
    return json.loads(text)["predictions"]  # type: ignore[no-any-return]


def from_lines(text: bytes) -> list[Any]:
    return [json.loads(line)["prediction"] for line in text.decode().split("\n")[:-1]]


def from_parquet(file: bytes) -> list[Any]:
    table = read_parquet(file).read_all()
    assert table.column_names == ["prediction"]
    return list(table.column(0).to_pylist())


@given(st.lists(st.lists(LABELS, min_size=1), min_size=1, max_size=3))
def test_labels_are_read_back_as_they_were(blocks: list[list[str | int]]) -> None:
    labels = [label for block in blocks for label in block]
    text = answers(*blocks)
    assert from_csv(text[CSV]) == [str(label) for label in labels]
    assert from_json(text[JSON]) == labels
    assert from_lines(text[JSON_LINES]) == labels


@given(st.lists(st.lists(FINITE, min_size=1), min_size=1, max_size=3))
def test_doubles_are_read_back_bit_for_bit(blocks: list[list[float]]) -> None:
    numbers = np.array([number for block in blocks for number in block])
    for given_blocks in (blocks, list(map(np.array, blocks))):
        text = answers(*given_blocks)
        read = (list(map(float, from_csv(text[CSV]))), from_json(text[JSON]))
        for found in (*read, from_lines(text[JSON_LINES])):
            assert np.array(found).tobytes() == numbers.tobytes()
        file = parquet.body(iter(given_blocks))
        assert np.array(from_parquet(file)).tobytes() == numbers.tobytes()


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_of_32_bits_are_short_and_read_back_as_such(numbers: list[float]) -> None:
    array = np.array(numbers, dtype=np.float32)
    found = from_csv(answers(array)[CSV])
    assert np.array(found, dtype=np.float32).tobytes() == array.tobytes()
    assert from_csv(answers(np.array([0.1], dtype=np.float32))[CSV]) == ["0.1"]


@pytest.mark.parametrize(
    ("predictions", "as_csv", "as_json"),
    [
        (["a", "b,c", 'd"e', "f\ng", ""], b'a\n"b,c"\n"d""e"\n"f\ng"\n""\n', None),
        (["a", "f\ng"], b'a\n"f\ng"\n', None),
        (["a", ""], b'a\n""\n', None),
        (["", "a"], b'""\na\n', None),
        (["a", 1, 2.5, True], b"a\n1\n2.5\nTrue\n", b'{"predictions":["a",1,2.5,true]}'),
        ([2**70, -1], b"%d\n-1\n" % 2**70, b'{"predictions":[%d,-1]}' % 2**70),
        ((1, 2), b"1\n2\n", b'{"predictions":[1,2]}'),
        (np.arange(3, dtype=np.int8), b"0\n1\n2\n", b'{"predictions":[0,1,2]}'),
        (np.arange(6.0)[::2], b"0.0\n2.0\n4.0\n", b'{"predictions":[0.0,2.0,4.0]}'),
        (np.array([1.5], dtype=">f8"), b"1.5\n", b'{"predictions":[1.5]}'),
        (np.array([1.5], dtype=np.float16), b"1.5\n", b'{"predictions":[1.5]}'),
        (np.array(["a", "null"], dtype=object), b"a\nnull\n", b'{"predictions":["a","null"]}'),
        (np.array(["a", "b"]), b"a\nb\n", b'{"predictions":["a","b"]}'),
        (np.array([True]), b"True\n", b'{"predictions":[true]}'),
        ([np.float32(0.5), np.int64(3)], b"0.5\n3\n", b'{"predictions":[0.5,3]}'),
    ],
)
def test_predictions_of_any_kind(
    predictions: Sequence[Any], as_csv: bytes, as_json: bytes | None
) -> None:
    text = answers(predictions)
    assert text[CSV] == as_csv
    assert text[JSON] == (as_json or text[JSON])


@pytest.mark.parametrize(
    "bad",
    [
        [1.5, float("nan")],
        [1, float("inf")],
        ["a", None],
        ["a", float("nan")],
        np.array([0.5, -np.inf]),
        np.array([0.5, np.nan], dtype=np.float32),
        np.array([1, None], dtype=object),
    ],
)
def test_a_prediction_that_is_none_or_not_finite_fails_and_its_row_is_told(bad: Any) -> None:  # noqa: ANN401
    good = [1.5, 2.5]
    columns = [rendering.column(block, rows=2) for block in (good, bad)]
    for kind in (CSV, JSON, JSON_LINES):
        with pytest.raises(PredictionError, match="for row 4; it must be finite"):
            rendering.body(iter(columns), kind)
    with pytest.raises(PredictionError, match="for row 4; it must be finite"):
        parquet.body(iter(columns))


def test_as_many_predictions_as_rows_are_needed() -> None:
    with pytest.raises(PredictionError, match="3 predictions for 4 rows"):
        rendering.column(["a"] * 3, rows=4)
    with pytest.raises(PredictionError, match="2 dimensions"):
        rendering.column(np.zeros((4, 2)), rows=4)


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ([["a", "b"], ["a"]], ["a", "b", "a"]),
        ([[1, 2], [3]], [1, 2, 3]),
        ([[1, 2], [3.5]], [1.0, 2.0, 3.5]),
        ([[1, 2], ["x"]], ["1", "2", "x"]),
        ([np.array([1, 2], dtype=np.uint8)], [1, 2]),
        ([np.array([2**64 - 1], dtype=np.uint64)], ["18446744073709551615"]),
        ([np.array([0.5], dtype=np.float32)], [0.5]),
        ([np.arange(6.0)[::2], np.array([1.5], dtype=">f8")], [0.0, 2.0, 4.0, 1.5]),
    ],
)
def test_parquet_has_one_type_for_all_blocks(blocks: list[Any], found: list[Any]) -> None:
    assert from_parquet(parquet.body(iter(blocks))) == found
