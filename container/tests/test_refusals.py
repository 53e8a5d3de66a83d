"""What a client is told of a request that cannot be read: where it is wrong and what to send."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plumbing import one_row
from plumbing.payload import CSV, JSON, JSON_LINES, BadRequestError
from readers import read

CASES = {
    "empty": (CSV, b"", ["empty", "2 numbers"]),
    "blank": (CSV, b"\n \n", ["empty"]),
    "too few": (CSV, b"1,2\n3\n", ["Row 2", "1 features", "expects 2"]),
    "too many": (CSV, b"1,2,3", ["Row 1", "3 features", "expects 2"]),
    "millions": (CSV, b"1,2\n" + b"1," * 2_000_000, ["Row 2", "2000001 features", "expects 2"]),
    "text": (
        CSV,
        b"1,2\n3,x",
        ["Row 2, column 2", "'x'", "not a number", "1 is the first feature"],
    ),
    "header": (
        CSV,
        b"a,1",
        ["Row 1, column 1", "'a'", "no header", "features only", "label stays"],
    ),
    "missing": (CSV, b"1,\n", ["Row 1, column 2", "''"]),
    "nan": (CSV, b"1,2\n3,nan", ["Row 2, column 2", "finite"]),
    "infinite": (CSV, b"1,-inf", ["Row 1, column 2", "finite"]),
    "too large": (CSV, b"1,1e39", ["Row 1, column 2", "finite float32"]),
    "underscore": (CSV, b"1,1_0", ["Row 1, column 2", "'1_0'"]),
    "blank row": (CSV, b"1,2\n\n3,4", ["Row 2", "blank"]),
    "open quote": (CSV, b'1,2\n"3,4', ["Row 2", "quotes"]),
    "not text": (CSV, b"1,2\n\xff,\xfe", ["Row 2", "UTF-8"]),
    "other digits": (CSV, "\u0661,2".encode(), ["Row 1, column 1"]),
    "long": (CSV, b"x" * 500 + b",1", ["Row 1, column 1", "..."]),
    "empty document": (JSON, b" ", ["empty", "instances"]),
    "not JSON": (JSON, b"{", ["not valid JSON", "instances"]),
    "not JSON far on": (JSON, b'{"instances": [[1,2],\n[1..2,3]]}', ["JSON", "line 2 column 3"]),
    "not JSON after many rows": (
        JSON,
        b'{"instances": [' + b"[1,2],\n" * 50_000 + b"[1..2,3]]}",
        ["JSON", "line 50001 column 3 (char 350017)"],
    ),
    "a comma too many": (
        JSON,
        b'{"instances": [' + b"[1,2],\n" * 50_000 + b"]}",
        ["JSON", "line 50001"],
    ),
    "twice": (
        JSON,
        b'{"instances": [' + b"[1,2],\n" * 50_000 + b'[1,2]], "instances": [[1,2]]}',
        ["instances more than once"],
    ),
    "lists in lists": (
        JSON,
        b'{"instances": [[%b%b, 2]]}' % (b"[" * 1000, b"]" * 1000),
        ["Row 1, column 1", "list", "nested too deeply"],
    ),
    "a list": (JSON, b"[[1,2]]", ["no list of instances"]),
    "no rows": (JSON, b'{"instances": []}', ["no list of instances"]),
    "a bare row": (JSON, b'{"instances": [1, 2]}', ["Row 1 is not a list of 2 numbers"]),
    "too few instances": (JSON, b'{"instances": [[1, 2], [3]]}', ["Row 2", "1 features"]),
    "a string": (JSON, b'{"instances": [[1, "2"]]}', ["Row 1, column 2", "'2'"]),
    "a truth value": (JSON, b'{"instances": [[1, true]]}', ["Row 1, column 2", "True"]),
    "null": (JSON, b'{"instances": [[1, 2], [null, 2]]}', ["Row 2, column 1", "None"]),
    "nan in JSON": (JSON, b'{"instances": [[1, NaN]]}', ["Row 1, column 2", "finite"]),
    "huge": (JSON, b'{"instances": [[1, 1' + b"0" * 400 + b"]]}", ["Row 1, column 2", "finite"]),
    "sparse": (JSON, b'{"instances": [{"data": {"features": {"keys": [0]}}}]}', ["Row 1 is not"]),
    "deep": (JSON, b"[" * 100_000, ["nested"]),
    "no lines": (JSON_LINES, b"\n", ["empty", '{"features": [1.5, 2]}']),
    "a blank line": (JSON_LINES, b"[1,2]\n\n[3,4]", ["Row 2", "blank"]),
    "a nameless list": (JSON_LINES, b'{"features":[1,2]}\n{[3,4]}\n', ["Row 2 is not valid JSON"]),
    "a broken line": (JSON_LINES, b"[1,2]\n[3,4", ["Row 2 is not valid JSON", "line like"]),
    "a long line": (
        JSON_LINES,
        b'{"features":[1,2]}\n{"features":[1,2,3]}',
        ["Row 2", "3 features"],
    ),
    "another object": (JSON_LINES, b'{"x":[1,2]}', ["Row 1 is not a list of 2 numbers"]),
    "bytes in a line": (JSON_LINES, b"[1,2]\n[\xff]", ["Row 2", "UTF-8"]),
    "a deep line": (JSON_LINES, b"[1,2]\n" + b"[" * 100_000, ["Row 2", "nested"]),
}


@pytest.mark.parametrize(("kind", "body", "said"), CASES.values(), ids=CASES)
def test_it_is_told_where_and_what(kind: str, body: bytes, said: list[str]) -> None:
    with pytest.raises(BadRequestError) as caught:
        read(kind, body, width=2)
    assert [part for part in said if part not in str(caught.value)] == []
    assert len(str(caught.value)) < 300
    short_way = {CSV: one_row.from_csv, JSON: one_row.from_json}.get(kind)
    assert short_way is None or short_way(body, width=2, feature_type=np.float32) is None


def test_rows_are_counted_over_all_blocks() -> None:
    good = 40_000
    for kind, row, bad in (
        (CSV, "1,2\n", "3,x\n"),
        (JSON_LINES, '{"features": [1, 2]}\n', "[3, null]\n"),
        (JSON, "[1, 2], ", "[3, 1e400], "),
    ):
        text = row * good + bad + row * good
        body = '{"instances": [' + text[:-2] + "]}" if kind == JSON else text
        with pytest.raises(BadRequestError, match=f"Row {good + 1}, column 2:"):
            read(kind, body.encode(), width=2)


def test_millions_of_blank_lines_are_counted() -> None:
    for last, said in ((b"3,4\n", "Row 2 is blank"), (b'"3,4', "Row 8000002 is not valid CSV")):
        body = b"1,2\n" + b"\n\r\n" * 4_000_000 + last
        with pytest.raises(BadRequestError, match=said):
            read(CSV, body, width=2)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(value=JSON_VALUES, body=st.binary(max_size=40))
def test_anything_at_all_is_read_or_refused(value: object, body: bytes) -> None:
    text = json.dumps(value).encode()
    for kind in (CSV, JSON, JSON_LINES):
        for content in (body, text, b'{"instances": %s}' % text, b'{"features": %s}' % text):
            try:
                assert read(kind, content, width=2).shape[1] == 2
            except BadRequestError:
                continue  # any other exception would be a 500
