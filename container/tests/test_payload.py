"""Request and response bodies, with Python's own csv and json as the measure."""

import contextlib
import csv
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plumbing import payload
from plumbing.payload import BadRequestError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MATRICES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(FINITE, min_size=width, max_size=width), min_size=1)
)
# Text that is nearly a request: digits, separators, quotes, spaces, line ends, odd numbers.
NEARLY_CSV = st.lists(
    st.sampled_from(
        ["1", "2.5", "-3e2", ",", ",", "\n", "\r\n", '"', " ", "_", "x", "nan", "inf", "\ufeff"]
    ),
    max_size=14,
).map("".join)


def csv_oracle(text: str, width: int) -> list[list[float]] | None:
    """What the rows mean by Python's csv and float, or None where they must be refused."""
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
        while rows and not "".join(rows[-1]).strip() and len(rows[-1]) <= 1:
            rows.pop()
        if not rows or any("_" in field for row in rows for field in row):
            return None
        numbers = [[float(field) for field in row] for row in rows]
    except (csv.Error, ValueError):
        return None
    if any(len(row) != width or not all(map(math.isfinite, row)) for row in numbers):
        return None
    return numbers


@given(rows=MATRICES, ending=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
def test_csv_is_read_as_the_numbers_that_were_written(
    rows: list[list[float]], ending: str, last: bool
) -> None:
    text = ending.join(",".join(map(repr, row)) for row in rows) + (ending if last else "")
    got = payload.read_csv(text.encode(), width=len(rows[0]), feature_type=np.float64)
    assert got.tolist() == rows


@given(text=NEARLY_CSV, width=st.integers(1, 3))
def test_csv_is_accepted_and_understood_exactly_as_the_oracle_does(text: str, width: int) -> None:
    expected = csv_oracle(text, width)
    if expected is None:
        with pytest.raises(BadRequestError):
            payload.read_csv(text.encode(), width=width, feature_type=np.float64)
    else:
        got = payload.read_csv(text.encode(), width=width, feature_type=np.float64)
        assert got.tolist() == expected


@given(rows=MATRICES, encoding=st.sampled_from(["utf-8", "utf-8-sig"]))
def test_json_is_read_as_the_numbers_that_were_written(
    rows: list[list[float]], encoding: str
) -> None:
    body = json.dumps({"instances": rows}).encode(encoding)
    got = payload.read_json(body, width=len(rows[0]), feature_type=np.float64)
    assert got.tolist() == rows


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(instances=JSON_VALUES)
def test_json_of_any_other_shape_is_refused(instances: object) -> None:
    body = json.dumps({"instances": instances}).encode()
    good = (
        isinstance(instances, list)
        and len(instances) > 0
        and all(isinstance(row, list) and len(row) == 1 for row in instances)
        and all(type(row[0]) in (int, float) and math.isfinite(row[0]) for row in instances)
    )
    if good:
        got = payload.read_json(body, width=1, feature_type=np.float64)
        assert got.tolist() == [[float(row[0])] for row in instances]  # type: ignore[attr-defined]
    else:
        with pytest.raises(BadRequestError):
            payload.read_json(body, width=1, feature_type=np.float64)


@given(body=st.binary(max_size=40))
def test_any_bytes_are_answered_or_refused(body: bytes) -> None:
    for read in (payload.read_csv, payload.read_json):
        with contextlib.suppress(BadRequestError):  # any other exception would be a 500
            assert read(body, width=2, feature_type=np.float32).shape[1] == 2


BAD_CSV = {
    "empty": (b"", ["empty", "2 numbers"]),
    "blank": (b"\n \n", ["empty"]),
    "too few": (b"1,2\n3\n", ["Row 2", "1 features", "expects 2"]),
    "too many": (b"1,2,3", ["Row 1", "3 features", "expects 2"]),
    "text": (b"1,2\n3,x", ["Row 2, column 2", "'x'", "not a number", "1 is the first feature"]),
    "header": (b"a,1", ["Row 1, column 1", "'a'", "no header", "features only", "label stays"]),
    "missing": (b"1,\n", ["Row 1, column 2", "''"]),
    "nan": (b"1,2\n3,nan", ["Row 2, column 2", "finite"]),
    "infinite": (b"1,-inf", ["Row 1, column 2", "finite"]),
    "too large": (b"1,1e39", ["Row 1, column 2", "finite float32"]),
    "underscore": (b"1,1_0", ["Row 1, column 2", "'1_0'"]),
    "blank row": (b"1,2\n\n3,4", ["Row 2", "blank"]),
    "open quote": (b'1,2\n"3,4', ["Row 2", "quotes"]),
    "not text": (b"\xff\xfe", ["UTF-8"]),
    "other digits": ("\u0661,2".encode(), ["Row 1, column 1"]),
    "long": (b"x" * 500 + b",1", ["Row 1, column 1", "..."]),
}


@pytest.mark.parametrize(("body", "said"), BAD_CSV.values(), ids=BAD_CSV)
def test_bad_csv_is_refused_by_row_and_column(body: bytes, said: list[str]) -> None:
    with pytest.raises(BadRequestError) as caught:
        payload.read_csv(body, width=2, feature_type=np.float32)
    assert [part for part in said if part not in str(caught.value)] == []
    assert len(str(caught.value)) < 300


BAD_JSON = {
    "empty": (b"", ["empty", "instances"]),
    "not JSON": (b"{", ["not valid JSON", "instances"]),
    "a list": (b"[[1,2]]", ["no list of instances"]),
    "no rows": (b'{"instances": []}', ["no list of instances"]),
    "a bare row": (b'{"instances": [1, 2]}', ["Row 1 is not a list"]),
    "too few": (b'{"instances": [[1, 2], [3]]}', ["Row 2", "1 features", "expects 2"]),
    "a string": (b'{"instances": [[1, "2"]]}', ["Row 1, column 2", "'2'"]),
    "a truth value": (b'{"instances": [[1, true]]}', ["Row 1, column 2", "True"]),
    "null": (b'{"instances": [[1, 2], [null, 2]]}', ["Row 2, column 1", "None"]),
    "nan": (b'{"instances": [[1, NaN]]}', ["Row 1, column 2", "finite"]),
    "huge": (b'{"instances": [[1, 1' + b"0" * 400 + b"]]}", ["Row 1, column 2", "finite"]),
    "deep": (b"[" * 100_000, ["nested"]),
}


@pytest.mark.parametrize(("body", "said"), BAD_JSON.values(), ids=BAD_JSON)
def test_bad_json_is_refused_by_row_and_column(body: bytes, said: list[str]) -> None:
    with pytest.raises(BadRequestError) as caught:
        payload.read_json(body, width=2, feature_type=np.float32)
    assert [part for part in said if part not in str(caught.value)] == []


@given(
    labels=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1)
        | st.integers(),
        min_size=1,
    )
)
def test_answers_are_read_back_by_csv_and_json(labels: list[object]) -> None:
    text = payload.render_csv(labels).decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows == [[str(label)] for label in labels]
    assert json.loads(payload.render_json(labels)) == {"predictions": labels}
