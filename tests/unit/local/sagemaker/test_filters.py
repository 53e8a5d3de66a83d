"""JSONPath on CSV and JSON records."""

from __future__ import annotations

from typing import Any

import pytest

from local.sagemaker.filters import Filter, FilterError, decode, encode, join

ROW = ["a", "b", "c", "d"]
RECORD = {"id": 7, "x": {"y": [1, 2]}, "SageMakerOutput": "rose"}


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("$", ROW, ROW),
        ("$[1:]", ROW, ["b", "c", "d"]),
        ("$[0]", ROW, "a"),
        ("$[-1]", ROW, "d"),
        ("$[0,2]", ROW, ["a", "c"]),
        ("$[0, -1]", ROW, ["a", "d"]),
        ("$[0:3]", ROW, ["a", "b", "c"]),
        ("$[:2]", ROW, ["a", "b"]),
        ("$[-2:]", ROW, ["c", "d"]),
        ("$.id", RECORD, 7),
        ("$.x.y[0]", RECORD, 1),
        ("$['id','SageMakerOutput']", RECORD, {"id": 7, "SageMakerOutput": "rose"}),
        ("$['id']", RECORD, 7),
        ("$.x.*", RECORD, [[1, 2]]),
    ],
)
def test_selects(expression: str, value: Any, expected: Any) -> None:  # noqa: ANN401
    assert Filter(expression).apply(value) == expected


@pytest.mark.parametrize("expression", ["", "[1:]", "$..x", "$[?(@.a)]", "$[0,5:]", "$[1:3:2]"])
def test_refuses_what_sagemaker_does_not_offer(expression: str) -> None:
    with pytest.raises(FilterError):
        Filter(expression)


@pytest.mark.parametrize(
    ("expression", "value"), [("$[9]", ROW), ("$.nope", RECORD), ("$.id", ROW), ("$[0:1]", RECORD)]
)
def test_says_when_a_record_does_not_fit(expression: str, value: Any) -> None:  # noqa: ANN401
    with pytest.raises(FilterError, match="does not fit the record"):
        Filter(expression).apply(value)


def test_csv_quoting_survives() -> None:
    row = decode('1,"a, ""b""",', "text/csv")
    assert row == ["1", 'a, "b"', ""]
    assert encode(row, "text/csv; charset=utf-8") == '1,"a, ""b""",'


def test_joins_as_documented() -> None:
    assert join(["1", "2"], ["x"], "text/csv") == ["1", "2", "x"]
    assert join({"k": 1}, {"l": 2}, "application/jsonlines") == {
        "k": 1,
        "SageMakerOutput": {"l": 2},
    }
    assert join([1], 2, "application/json") == {"SageMakerInput": [1], "SageMakerOutput": 2}


def test_names_need_json() -> None:
    with pytest.raises(FilterError, match="not JSON"):
        decode("a,b", "application/jsonlines")
    assert Filter("$.a").uses_names
    assert not Filter("$[1:]").uses_names
