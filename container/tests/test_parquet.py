"""Requests of Parquet: which are read, which are refused, and an image that cannot read them."""

import io
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet
from plumbing import parquet
from plumbing.payload import PARQUET, BadRequestError
from readers import read
from support import CONTAINER, PATIENCE


def file(columns: dict[str, Any], **options: Any) -> bytes:  # noqa: ANN401
    content = io.BytesIO()
    write_parquet(Table.from_pydict(columns), content, **options)
    return content.getvalue()


GOOD = file({"a": np.arange(5.0), "b": np.arange(5, dtype=np.int32)}, compression="snappy")


@pytest.mark.skipif(sys.platform != "linux", reason="only there a file can lie in memory")
def test_no_folder_has_to_be_writable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    assert len(read(PARQUET, GOOD, width=2)) == 5


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
def test_columns_of_any_number_type_are_read_in_their_order(kind: str) -> None:
    second = np.array([3, 0, 7], dtype=kind)
    content = file({"z": Array.from_numpy(np.array([0.5, 1, 2])), "a": Array.from_numpy(second)})
    assert read(PARQUET, content, width=2).tolist() == [[0.5, 3], [1, 0], [2, 7]]


@pytest.mark.parametrize("compression", ["uncompressed", "snappy", "gzip(6)", "zstd(1)", "lz4_raw"])
def test_row_groups_and_blocks_may_end_anywhere(compression: str) -> None:
    rows = np.arange(10_000.0)
    content = file(
        {"a": Array.from_numpy(rows), "b": Array.from_numpy(-rows)},
        max_row_group_size=777,
        compression=compression,
    )
    for size in (100, 1000, 1 << 20):
        got = read(PARQUET, content, width=2, size=size)
        assert got.tolist() == [[number, -number] for number in rows]


NUMBERS = Array.from_numpy(np.arange(3.0))
BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "too few columns": ({"a": NUMBERS}, ["1 columns", "expects 2"]),
    "text": (
        {"a": NUMBERS, "name": Array(["x", "y", "z"], type=DataType.string())},
        ["Column 2, 'name'", "Utf8"],
    ),
    "truth": (
        {"a": Array([True, False, True], type=DataType.bool()), "b": NUMBERS},
        ["Column 1, 'a'", "Boolean"],
    ),
    "null": (
        {"a": NUMBERS, "b": Array([1, 2, None], type=DataType.int64())},
        ["Row 3, column 2, 'b'", "null"],
    ),
    "nan": (
        {"a": NUMBERS, "b": Array.from_numpy(np.array([1, np.nan, 2]))},
        ["Row 2, column 2", "finite float32"],
    ),
    "no rows": (
        {"a": Array.from_numpy(np.array([], float)), "b": Array.from_numpy(np.array([], float))},
        ["no rows"],
    ),
}


@pytest.mark.parametrize(("columns", "said"), BAD.values(), ids=BAD)
def test_what_is_not_rows_of_numbers_is_refused(columns: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(BadRequestError) as caught:
        read(PARQUET, file(columns), width=2)
    assert [part for part in said if part not in str(caught.value)] == []


@pytest.mark.parametrize("body", [b"", b"PAR1", b"1,2\n" * 10, GOOD[:-1], GOOD[:-12] + b"PAR1"])
def test_what_is_not_parquet_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequestError, match="not a Parquet file that can be read"):
        read(PARQUET, body, width=2)


LARGE = file({"a": np.arange(9000.0), "b": np.arange(9000.0)}, max_row_group_size=1000)


# The seed of a file on which the library ends the process is among them.
@pytest.mark.parametrize("seed", [1109, *range(12)])
def test_a_damaged_file_is_read_or_refused(seed: int) -> None:
    for content in (GOOD, LARGE):
        chance = random.Random(seed)  # noqa: S311 - only test data
        place = chance.randrange(4, len(content) - 4)
        damaged = bytearray(content)
        for _ in range(chance.randrange(1, 5)):
            if place < len(content) - 4:
                damaged[place] = chance.randrange(256)
            place += 1
        try:
            assert read(PARQUET, bytes(damaged), width=2).shape[1] == 2
        except BadRequestError:
            continue  # any other exception would be a 500


def test_rows_before_the_damage_are_not_taken_for_all() -> None:
    for place in range(20_000, len(LARGE) - 20_000, 9973):
        damaged = LARGE[:place] + b"\xff" * 2000 + LARGE[place + 2000 :]
        try:
            assert len(read(PARQUET, damaged, width=2)) == 9000
        except BadRequestError:
            continue


def test_rows_of_a_reader_that_ended_too_early_are_not_taken_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = tmp_path / "reader.py"
    reader.write_text(
        "import io, os\n"
        "from arro3.core import Array, Table\n"
        "from arro3.io import write_ipc_stream\n"
        "import numpy as np\n"
        "out = io.BytesIO()\n"
        "column = Array.from_numpy(np.arange(5.0))\n"
        "write_ipc_stream(Table.from_pydict({'a': column, 'b': column}), out)\n"
        "os.write(1, out.getvalue()[:-8])  # without the mark of the end\n"
        "os.abort()\n"
    )
    monkeypatch.setattr(parquet, "_READER", str(reader))
    with pytest.raises(BadRequestError, match="damaged"):
        read(PARQUET, GOOD, width=2)


def _reader(folder: Path, monkeypatch: pytest.MonkeyPatch, changes: str = "") -> None:
    """Makes the reader an impatient one, with changes."""
    text = Path(parquet._READER).read_text(encoding="utf-8")
    impatient = text.replace("SECONDS = 30", "SECONDS = 1")
    assert impatient != text
    reader = folder / "reader.py"
    reader.write_text(impatient.replace("\nif __name__", f"{changes}\n\nif __name__"))
    monkeypatch.setattr(parquet, "_READER", str(reader))


def test_a_reader_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As the library does when it is refused memory: it waits for a lock that it has itself.
    lock = "lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()\n"
    hang = f"import threading\ndef read_parquet(*_, **__):\n    {lock}"
    _reader(tmp_path, monkeypatch, hang)
    with pytest.raises(BadRequestError, match="damaged"):
        read(PARQUET, GOOD, width=2)


def test_a_reader_waits_for_a_slow_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _reader(tmp_path, monkeypatch)
    rows = 0
    body = file({"a": np.arange(30_000.0), "b": np.arange(30_000.0)})
    for block in parquet.blocks(memoryview(body), width=2, feature_type=np.float64, size=1000):
        if not rows:
            time.sleep(1.5)
        rows += len(block)
    assert rows == 30_000


def test_one_reader_runs_at_a_time() -> None:
    def blocks() -> Iterator[Any]:
        return parquet.blocks(memoryview(GOOD), width=2, feature_type=np.float64, size=1000)

    first = blocks()
    next(first)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(lambda: len(list(blocks())))
        with pytest.raises(TimeoutError):
            second.result(0.5)
        first.close()  # type: ignore[attr-defined]
        assert second.result(PATIENCE) == 1


def test_one_that_was_refused_leaves_the_reader_to_the_next() -> None:
    columns, _ = BAD["null"]
    with pytest.raises(BadRequestError) as caught:
        read(PARQUET, file(columns), width=2)
    with ThreadPoolExecutor(1) as pool:
        assert len(pool.submit(read, PARQUET, GOOD, width=2).result(PATIENCE)) == 5
    assert caught.value


def test_nothing_is_loaded_for_parquet_before_it_is_sent() -> None:
    script = "import sys, plumbing.parquet; print({'subprocess', 'tempfile'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CONTAINER, capture_output=True, text=True, check=False
    )
    assert done.stdout == "set()\n", done.stderr


def test_a_small_file_cannot_stand_for_endless_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    many = Array.from_numpy(np.zeros(50_000))
    content = file({"a": many, "b": many})
    assert len(content) < 3000
    monkeypatch.setattr(parquet, "VALUES", 60_000)
    with pytest.raises(BadRequestError, match="more than 30000 rows"):
        read(PARQUET, content, width=2)


def test_without_the_library_parquet_is_not_offered_and_it_is_told_why() -> None:
    script = """
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, *rest: None if name.startswith("arro3") else found(name, *rest)
from plumbing import media
name = "application/x-parquet"
print(media.content_type(name), media.accepted(name, "text/csv"))
print(media.SUPPORTED)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CONTAINER, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[0] == "None None", done.stderr
    assert "arro3-io are in the image's requirements.in" in done.stdout
