"""The training channel: what is read, what is refused and how that is said."""

import csv
import io
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plumbing import labelled_rows, training_data
from plumbing.errors import InputError
from plumbing.paths import MlPaths
from plumbing.training_data import read_channel
from support import CONTAINER, ml_root

GOOD = b"a,1,2\nb,3,4\n"


@pytest.mark.parametrize(
    "files",
    [
        {"plain.csv": GOOD},
        {"crlf.csv": b"a,1,2\r\nb,3,4\r\n"},
        {"no-last-newline.csv": b"a,1,2\nb,3,4"},
        {"quoted.csv": b'"a","1","2"\n"b",3,4\n'},
        {"blank-at-the-end.csv": b"a,1,2\nb,3,4\n\n \n\r\n"},
        {"bom.csv": b"\xef\xbb\xbfa,1,2\nb,3,4\n"},
        {"spaces.csv": b" a , 1 ,2\nb,3, 4\n"},
        {"first/one.csv": b"a,1,2\n", "second/deep/two.csv": b"b,3,4\n"},
        {"data.csv": GOOD, "_SUCCESS": b"", ".hidden": b"x"},
    ],
    ids=lambda files: next(iter(files)),
)
def test_every_ordinary_form_of_csv_is_read_alike(tmp_path: Path, files: dict[str, bytes]) -> None:
    data = read_channel(MlPaths(ml_root(tmp_path, files)).training_channel, np.float32)
    assert data.labels == ["a", "b"]
    assert data.features.tolist() == [[1, 2], [3, 4]]


BAD_DATA = {
    "empty channel": ({}, ["training", "no files"]),
    "markers only": ({"_SUCCESS": b""}, ["no files", "1 whose names"]),
    "empty file": ({"a.csv": GOOD, "none.csv": b""}, ["none.csv", "empty"]),
    "only blank lines": ({"blank.csv": b"\n\n"}, ["blank.csv", "empty"]),
    "ragged row": ({"a.csv": b"a,1,2\nb,3\n"}, ["a.csv line 2", "2 columns", "3"]),
    "ragged after a blank line": ({"a.csv": b"a,1,2\n\nb,3\n"}, ["a.csv line 3"]),
    "files differ": ({"a.csv": GOOD, "b.csv": b"a,1\n"}, ["b.csv", "1 features", "a.csv", "2"]),
    "text": ({"a.csv": b"a,1,2\nb,3,x\n"}, ["a.csv line 2, column 3", "'x'", "not a number"]),
    "header": ({"a.csv": b"label,w,h\na,1,2\n"}, ["a.csv line 1, column 2", "header"]),
    "missing value": ({"a.csv": b"a,1,2\nb,,4\n"}, ["a.csv line 2, column 2", "''"]),
    "underscore": ({"a.csv": b"a,1,2\nb,1_0,4\n"}, ["a.csv line 2, column 2", "'1_0'"]),
    "not a number": ({"a.csv": b"a,1,2\nb,nan,4\n"}, ["a.csv line 2, column 2", "finite"]),
    "infinite": ({"a.csv": b"a,1,2\n\nb,3,-inf\n"}, ["a.csv line 3, column 3", "finite"]),
    "too large": ({"a.csv": b"a,1,1e39\n"}, ["a.csv line 1, column 3", "finite float32"]),
    "no label": ({"a.csv": b"a,1,2\n ,3,4\n"}, ["a.csv line 2", "label", "missing"]),
    "one column": ({"a.csv": b"a\nb\n"}, ["a.csv line 1", "only one column"]),
    "label of two lines": ({"a.csv": b'"a\nb",1,2\n'}, ["a.csv line 2", "line break"]),
    "open quote": ({"a.csv": b'a,1,2\n"b,3,4\n'}, ["a.csv line 2", "quotes"]),
    "not UTF-8": ({"a.csv": b"a,1,2\n\xff,3,4\n"}, ["a.csv line 2", "UTF-8"]),
    "in a sub-folder": ({"x/y.csv": b"a,1\nb,z\n"}, ["x/y.csv line 2, column 2"]),
}


@pytest.mark.parametrize(("files", "said"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_by_name_and_place(
    tmp_path: Path, files: dict[str, bytes], said: list[str]
) -> None:
    channel = MlPaths(ml_root(tmp_path, files)).training_channel
    with pytest.raises(InputError) as caught:
        read_channel(channel, np.float32)
    assert [part for part in said if part not in str(caught.value)] == []


LABELS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=8
).filter(lambda text: text.strip() != "")
VALUES = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    rows=st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.tuples(LABELS, st.lists(VALUES, min_size=width, max_size=width)), min_size=1
        )
    ),
    ending=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, list[float]]],
    ending: str,
    quoting: int,
) -> None:
    # Given any labels and numbers, written by Python's own csv module
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=ending, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([label, *values] for label, values in rows)
    folder = tmp_path_factory.mktemp("channel")
    (folder / "data.csv").write_bytes(text.getvalue().encode())
    # When the channel is read
    data = read_channel(folder, np.float32)
    # Then labels and numbers are the same
    assert data.labels == [label.strip() for label, _ in rows]
    assert data.features.tolist() == [values for _, values in rows]
    assert data.features.dtype == np.float32


FIELDS = st.sampled_from(
    ["1", "-0", "2.5", "1e3", " 7", ".5", "01", "+1", '"8"', '"1\n"', '"2\r\n"', "1_0", "x", ""]
)
PLAIN = st.lists(st.sampled_from(["1", "-2.5", "1e3", "0.125"]), min_size=2, max_size=2)
LINES = st.one_of(
    st.tuples(st.sampled_from(["a", "b", "été", " a", "a\tb"]), PLAIN),
    st.tuples(st.sampled_from(["a", '"a,b"', '"q""q"', '5"', '"', "", " ", '"a\nb"']), PLAIN),
    st.tuples(st.just("a"), st.lists(FIELDS, min_size=1, max_size=3)),
).map(lambda line: ",".join([line[0], *line[1]]))
BLANKS = st.sampled_from(["", " ", "\t"])


def read_or_refused(folder: Path) -> object:
    try:
        data = read_channel(folder, np.float32)
    except InputError as error:
        return str(error)
    # As bytes, because -0 equals 0.
    return data.features.tobytes(), data.features.shape, data.labels


@given(
    lines=st.lists(st.one_of(LINES, LINES, LINES, BLANKS), min_size=1, max_size=12),
    ends=st.lists(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]), min_size=12, max_size=12),
    cut=st.booleans(),
    size=st.integers(1, 80),
)
def test_blocks_of_any_size_read_as_the_whole_file_read_carefully(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    ends: list[str],
    cut: bool,
    size: int,
) -> None:
    # Given a file of plain and odd lines
    text = "".join(itertools.chain.from_iterable(zip(lines, ends, strict=False)))
    folder = tmp_path_factory.mktemp("channel")
    (folder / "a.csv").write_bytes((text[:-1] if cut else text).encode())
    # When it is read in small blocks, the plain ones fast
    with mock.patch.object(training_data, "BLOCK_BYTES", size):
        ours = read_or_refused(folder)
    # Then it is what csv and float make of it as a whole, or refused in the same words
    with mock.patch.object(labelled_rows, "plain", return_value=None):
        assert ours == read_or_refused(folder)


ORDINARY = b"a,1,2\nbc,3.5,-4e2\n"


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (ORDINARY * 40000, 80001),
        (ORDINARY.replace(b"\n", b"\r\n") * 40000, 80001),
        (ORDINARY * 20000 + b"\n\n" + ORDINARY * 20000, 80003),
        (ORDINARY * 20000 + b'"q","1\n",2\n' + ORDINARY * 20000, 80003),
        (b'"a",1,2\n' * 80000, 80001),
    ],
    ids=["plain", "carriage returns", "blank lines", "a number of two lines", "quoted"],
)
@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"a,1,x\n", "column 3: 'x' is not a number."),
        (b"a,1\n", "2 columns, but the rows before have 3."),
        (b"a,1,1e39\n", "column 3: the value is not a finite float32."),
        (b"\xff,1,2\n", "not UTF-8 text."),
    ],
    ids=["text", "ragged", "too large", "not UTF-8"],
)
def test_a_fault_far_down_is_told_with_its_line(
    tmp_path: Path, before: bytes, line: int, bad: bytes, said: str
) -> None:
    (tmp_path / "a.csv").write_bytes(before + bad + ORDINARY * 1000)
    with pytest.raises(InputError) as caught:
        read_channel(tmp_path, np.float32)
    assert str(caught.value).startswith(f"a.csv line {line}")
    assert said in str(caught.value)


def test_an_open_quote_is_told_before_the_rest_of_the_file_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'"a,1,2\n' + ORDINARY * 100_000)
    with pytest.raises(InputError, match=r"a\.csv line \d+: not valid CSV \(field larger than"):
        read_channel(tmp_path, np.float32)


def test_labels_that_read_the_same_are_one_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(ORDINARY * 50_000 + b'"a",1,2\n a,1,2\n')
    labels = read_channel(tmp_path, np.float32).labels
    assert len({id(label) for label in labels}) == len(set(labels)) == 2


def test_labels_that_hardly_come_again_are_not_remembered_for_ever(tmp_path: Path) -> None:
    rows = range(200_000)
    (tmp_path / "a.csv").write_text("".join(f"{row / 7},{row}\n" for row in rows))
    data = read_channel(tmp_path, np.float64)
    assert data.labels == [str(row / 7) for row in rows]
    assert data.features[:, 0].tolist() == [*rows]


MEASURE = """
import pathlib, resource, sys
import numpy as np
from plumbing.training_data import read_channel

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
data = read_channel(pathlib.Path(sys.argv[1]), np.float32)
print(peak() - before, data.features.nbytes + 8 * len(data.labels), len(data.labels))
"""


@pytest.fixture
def channel_of_100_mb(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.csv"
    part = b"".join(b"class-%d,%d.25,1.5,-3,4\n" % (row % 7, row) for row in range(40_000))
    with path.open("wb") as file:
        while file.tell() < 100_000_000:
            file.write(part)
    yield tmp_path
    path.unlink()


def test_reading_takes_little_more_memory_than_what_is_read(channel_of_100_mb: Path) -> None:
    command = [sys.executable, "-c", MEASURE, str(channel_of_100_mb)]
    done = subprocess.run(command, cwd=CONTAINER, capture_output=True, text=True, check=True)
    taken, arrays, rows = map(int, done.stdout.split())
    assert rows > 3_000_000
    assert taken < 1.5 * arrays
