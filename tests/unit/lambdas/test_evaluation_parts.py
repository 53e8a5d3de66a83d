"""Whatever the cuts into parts, the result is that of one pass with the csv module over all."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction

import pytest
from evaluation import lines as lines_module
from evaluation.errors import MalformedPredictions, NoPredictions
from evaluation.report import Result
from hypothesis import given
from hypothesis import strategies as st
from shared.metrics import Task

from tests.unit.lambdas.predicted_objects import Objects

_TEXTS = st.sampled_from(["a", "b", " c", "é", '"d,e"', '"f ""g"""', "h\t", "\xa0", '"i', "j\rk"])
_FEATURES = st.lists(st.sampled_from(["1", "", "é", '"x,y"', "z" * 30, " "]), max_size=2)
_ENDS = st.sampled_from(["\n", "\r\n"])


@st.composite
def _line(draw: st.DrawFn) -> bytes:
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([b"\n", b"  \r\n", b"a,1,\xff\n", b"a\n", b",1,a\n"]))
    features = draw(_FEATURES) if draw(st.integers(0, 9)) == 0 else ["1", "2"]
    values = [draw(_TEXTS), *features, draw(_TEXTS)]
    return (",".join(values) + draw(_ENDS)).encode()


@st.composite
def _usual_line(draw: st.DrawFn) -> bytes:
    usual = st.sampled_from(["a", "b", "c ", "é", '"d,e"'])
    return f"{draw(usual)},{draw(st.integers(0, 99))},2,{draw(usual)}{draw(_ENDS)}".encode()


@st.composite
def _number_line(draw: st.DrawFn) -> bytes:
    numbers = st.integers(-(10**7), 10**7).map(lambda number: repr(number / 1000))
    odd = st.sampled_from(["1e101", "nan", "1_0", "٣", "", '"2"', " 3", "\xa04", "x"])
    text = odd if draw(st.integers(0, 30)) == 0 else numbers
    return f"{draw(text)},1,{draw(numbers)}{draw(_ENDS)}".encode()


@st.composite
def _contents(draw: st.DrawFn, line: st.SearchStrategy[bytes]) -> dict[str, bytes]:
    contents = {}
    for i in range(draw(st.integers(1, 3))):
        content = b"".join(draw(st.lists(line, max_size=20)))
        content = draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + content
        contents[f"p/{i}.csv.out"] = content.rstrip(b"\n") if draw(st.booleans()) else content
    return contents


@st.composite
def _case(draw: st.DrawFn, line: st.SearchStrategy[bytes]) -> tuple[Objects, dict[str, bytes]]:
    contents = draw(_contents(line))
    return Objects(contents, piece_bytes=draw(st.sampled_from([1, 3, 50, 5000]))), contents


_CUTS = st.lists(st.integers(0, 1500), max_size=12)


def _one_pass(contents: Mapping[str, bytes]) -> Iterator[tuple[str, int, list[str]]]:
    """Each row as (key, line, fields), line by line as the csv module has it."""
    for key, content in sorted(contents.items()):
        for number, line in enumerate(content.split(b"\n"), start=1):
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            if text.strip():
                yield key, number, next(csv.reader([text], strict=True))


def _rows(contents: Mapping[str, bytes]) -> list[tuple[str, int, str, str]] | None:
    """Key, line, label and prediction of each row; None if any is malformed."""
    rows = []
    try:
        found = list(_one_pass(contents))
    except (UnicodeDecodeError, csv.Error):
        return None
    for key, line, values in found:
        label, prediction = values[0].strip(), values[-1].strip()
        if len(values) != len(found[0][2]) or len(values) < 3 or not label or not prediction:
            return None
        rows.append((key, line, label, prediction))
    return rows


def _outcome(objects: Objects, cuts: list[int], together: int, task: Task) -> Result | str:
    try:
        return objects.evaluate(objects.plan(cuts=cuts, together=together), task=task)
    except (MalformedPredictions, NoPredictions) as error:
        return f"{type(error).__name__}: {error}"


@given(_case(_line() | _usual_line()), _CUTS, st.integers(1, 3))
def test_classification_is_that_of_one_pass(
    case: tuple[Objects, dict[str, bytes]], cuts: list[int], together: int
) -> None:
    objects, contents = case

    result = _outcome(objects, cuts, together, "classification")

    # The whole of it, mistakes and sample included, or the same complaint
    assert result == _outcome(objects, [], 1, "classification")
    rows = _rows(contents)
    if rows is None:
        assert isinstance(result, str)
        assert result.startswith("MalformedPredictions: p/")
    elif not rows:
        assert result == _outcome(Objects({"p/a.out": b"\n"}), [], 1, "classification")
    else:
        assert isinstance(result, Result)
        assert result.measures.cells == Counter((actual, guess) for _, _, actual, guess in rows)


@given(_case(_usual_line()), _CUTS)
def test_usual_lines_are_measured_and_never_refused(
    case: tuple[Objects, dict[str, bytes]], cuts: list[int]
) -> None:
    objects, contents = case
    rows = _rows(contents)
    assert rows is not None

    result = _outcome(objects, cuts, 1, "classification")

    if rows:
        assert isinstance(result, Result)
        wrong = {
            f"{key[2:-4]}, line {line}" for key, line, actual, guess in rows if actual != guess
        }
        assert {mistake.place for mistake in result.mistakes} <= wrong
        assert len(result.mistakes) == min(10, len(wrong))


@given(_case(_number_line()), _CUTS, st.integers(1, 3))
def test_regression_is_that_of_one_pass(
    case: tuple[Objects, dict[str, bytes]], cuts: list[int], together: int
) -> None:
    objects, contents = case

    result = _outcome(objects, cuts, together, "regression")
    whole = _outcome(objects, [], 1, "regression")

    if isinstance(result, str):
        assert result == whole
        assert _exact(contents) is None
        return
    assert isinstance(whole, Result)
    exact = _exact(contents)
    assert exact is not None
    # Which rows are shown does not depend on the cuts; sums may differ in their last digits
    assert result.sample == whole.sample
    assert result.mistakes == whole.mistakes
    assert result.measures.points == whole.measures.points
    for name, value in result.measures.metrics.items():
        expected = exact[name]
        assert value == (expected if expected is None else pytest.approx(expected, rel=1e-6)), name


def _exact(contents: Mapping[str, bytes]) -> dict[str, float | None] | None:
    """The metrics, computed without any rounding on the way; None without rows or with odd ones."""
    rows = _rows(contents)
    if not rows:
        return None
    texts = [text for _, _, *pair in rows for text in pair]
    try:
        if not all(
            text.isascii() and "_" not in text and abs(float(text)) <= 1e100 for text in texts
        ):
            return None
    except ValueError:
        return None
    labels = [Fraction(float(label)) for _, _, label, _ in rows]
    guesses = [Fraction(float(guess)) for _, _, _, guess in rows]
    errors = [guess - label for label, guess in zip(labels, guesses, strict=True)]
    mean = sum(labels) / len(labels)
    spread = sum((label - mean) ** 2 for label in labels)
    squares = sum(error**2 for error in errors)
    return {
        "rmse": math.sqrt(squares / len(rows)),
        "mae": float(sum(map(abs, errors)) / len(rows)),
        "r2": float(1 - squares / spread) if spread else None,
    }


@given(st.data())
def test_a_line_that_is_too_long_is_named_wherever_the_cuts_fall(data: st.DataObject) -> None:
    # Given a bound of 40 bytes, and lines below, at and above it
    lengths = data.draw(st.lists(st.integers(10, 45), min_size=1, max_size=8))
    lines = [b"a," + b"1" * (length - 4) + b",a" for length in lengths]
    content = b"\n".join(lines) + data.draw(st.sampled_from([b"", b"\n"]))
    objects = Objects({"p/x.out": content}, piece_bytes=data.draw(st.integers(1, 30)))
    cuts = data.draw(st.lists(st.integers(1, len(content)), max_size=5))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "MAX_LINE_BYTES", 40)
        result = _outcome(objects, cuts, 1, "classification")

    too_long = [number for number, length in enumerate(lengths, start=1) if length > 40]
    if too_long:
        assert isinstance(result, str)
        assert result.startswith(f"MalformedPredictions: p/x.out, line {too_long[0]} has more than")
    else:
        assert isinstance(result, Result)
        assert result.measures.rows == len(lengths)
