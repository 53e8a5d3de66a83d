"""Blocks of plain CSV, with Python's csv and float as the measure."""

import csv
import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plumbing import csv_block

DIGITS = st.text("0123456789", max_size=22)
WRITTEN = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "-", "+", " ", "-0", "0", "\t"]),
        DIGITS,
        st.sampled_from(["", ".", ".0"]),
        DIGITS,
        st.sampled_from(["", "", "e5", "E-3", "e+300", "e-320", "e999", "e", " "]),
    ),
)
# What may stand in a field, most of it at the border of what is a number.
FIELDS = (
    st.floats().map(repr)
    | st.integers().map(str)
    | WRITTEN
    | WRITTEN
    | st.text('0123456789.+-eE _\t\r\n,"naifx\u0661\u00a0\0', max_size=6)
)
ENDINGS = st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"])


@st.composite
def blocks(draw: st.DrawFn) -> tuple[bytes, int]:
    """Text of mostly ``columns`` fields a line, and ``columns``."""
    columns = draw(st.integers(1, 4))
    widths = st.just(columns) | st.just(columns) | st.integers(0, 5)
    text = ""
    for width in draw(st.lists(widths, max_size=4)):
        text += ",".join(draw(st.lists(FIELDS, min_size=width, max_size=width))) + draw(ENDINGS)
    return text.encode() if draw(st.booleans()) else text.rstrip("\r\n").encode(), columns


def oracle(block: bytes, columns: int) -> list[list[float]] | None:
    """The rows by Python's csv and float; None where these refuse one."""
    try:
        rows = list(csv.reader(io.StringIO(block.decode(), newline=""), strict=True))
        if not block.isascii() or b"_" in block or any(len(row) != columns for row in rows):
            return None
        return [[float(field) for field in row] for row in rows]
    except (csv.Error, ValueError):
        return None


@settings(max_examples=5000, derandomize=True)
@given(blocks())
@example((b"-0,0\n", 2))
@example((b"1e-0,-0 \n-0\t,-0", 2))
@example((b"1,\n2\n", 2))
@example((b"0," + b"1" * 131073, 2))
@example((b"0." + b"0" * 131071, 1))
@example((b"2.2250738585072011e-308,1.7976931348623158e308\n", 2))
@example((b"9007199254740993,18446744073709551615\n", 2))
def test_what_a_block_holds_is_what_csv_and_float_read(case: tuple[bytes, int]) -> None:
    block, columns = case
    got = csv_block.numbers(block, columns=columns)
    if got is not None:
        expected = oracle(block, columns)
        assert expected is not None
        assert got.shape == (len(expected), columns)
        assert got.tobytes() == np.array(expected, dtype=np.float64).tobytes()


PLAIN = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers(
    -(2**63), 2**64 - 1
).map(str)


@settings(max_examples=1000, derandomize=True)
@given(
    rows=st.integers(1, 4).flatmap(
        lambda columns: st.lists(
            st.lists(PLAIN, min_size=columns, max_size=columns), min_size=1, max_size=5
        )
    ),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_plain_numbers_are_not_left_to_the_careful_reader(
    rows: list[list[str]], ending: str, last: bool
) -> None:
    text = ending.join(map(",".join, rows)) + (ending if last else "")
    got = csv_block.numbers(memoryview(text.encode()), columns=len(rows[0]))
    assert got is not None
    expected = np.array([list(map(float, row)) for row in rows])
    assert got.tobytes() == expected.tobytes()


ELSE = [b"", b"\n", b"1\n", b"1,2\n\n", b"\n1,2\n", b"1,2,3\n", b'"1",2\n', b"1,2\r", b"1,x\n"]
ELSE += [b"1,\n", b"1 2,3\n", b"1,2\n#\n", b"nan,1\n", b"1,1e999\n", b"\xef\xbb\xbf1,2\n", b"[1],2"]


@pytest.mark.parametrize("block", ELSE)
def test_anything_else_is(block: bytes) -> None:
    assert csv_block.numbers(block, columns=2) is None


def test_an_array_is_its_own_whatever_is_read_after_it() -> None:
    arrays = [csv_block.numbers(b"%d,2.5\n" % number * 50, columns=2) for number in range(100)]
    for number, array in enumerate(arrays):
        assert array is not None
        assert array.tolist() == [[number, 2.5]] * 50


def test_threads_and_forked_processes_read_at_once() -> None:
    def read(number: int) -> bool:
        got = csv_block.numbers(b"%d,2.5\n" % number * 500, columns=2)
        return got is not None and got.tolist() == [[number, 2.5]] * 500

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(400)))
    child = os.fork()
    if child == 0:
        os._exit(0 if read(7) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read(8)
