"""Blocks of plain CSV; test_formats.py tries them with many more."""

import csv
import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plumbing import csv_block

BORDERS = [
    (b"-0,0\n", 2),
    (b"1e-0,-0 \n-0\t,-0", 2),
    (b"-0e5,-0.0\r\n", 2),
    (b"2.2250738585072011e-308,1.7976931348623158e308\n", 2),
    (b"9007199254740993,18446744073709551615\n", 2),
    (b"0.1000000000000000055511151231257827,4.9e-324", 2),
    (b"2.4703282292062327208e-324,-1e-999", 2),
    (b"0." + b"0" * 60000 + b"1", 1),
]


@pytest.mark.parametrize(("block", "columns"), BORDERS)
def test_numbers_at_a_border_are_those_that_float_reads(block: bytes, columns: int) -> None:
    got = csv_block.numbers(block, columns=columns)
    rows = csv.reader(io.StringIO(block.decode(), newline=""), strict=True)
    assert got is not None
    assert got.tobytes() == np.array([list(map(float, row)) for row in rows]).tobytes()


def test_what_csv_refuses_as_too_long_is_not_taken() -> None:
    field = b"0." + b"1" * 131071
    for block in (field, b"1,2\n" * 70000 + field + b",1\n"):
        with pytest.raises(csv.Error, match="field larger"):
            list(csv.reader(io.StringIO(block.decode(), newline=""), strict=True))
        assert csv_block.numbers(block, columns=block.partition(b"\n")[0].count(b",") + 1) is None


PLAIN = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers(
    -(2**63), 2**64 - 1
).map(str)


@settings(max_examples=300, derandomize=True)
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
