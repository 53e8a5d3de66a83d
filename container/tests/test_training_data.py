"""The training channel: what is read, what is refused and how that is said."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plumbing.errors import InputError
from plumbing.paths import MlPaths
from plumbing.training_data import read_channel
from support import ml_root

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
