"""Whole answers: from a body to the bytes of its predictions."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from arro3.core import Table
from arro3.io import read_parquet, write_parquet
from numpy.typing import NDArray
from plumbing import prediction
from plumbing.payload import CSV, JSON, JSON_LINES, PARQUET, BadRequestError
from plumbing.rendering import PredictionError
from support import CONTAINER

MODEL: Any = SimpleNamespace(feature_count=2)
NAMES = np.array(["low", "high"], dtype=object)


class Room:
    """Stands for model.py: tells whether the first feature is above the second."""

    FEATURE_TYPE = np.float32

    def __init__(self) -> None:
        self.blocks: list[int] = []

    def predict(self, model: object, features: NDArray[np.float32]) -> NDArray[Any]:
        assert model is MODEL
        assert features.dtype == np.float32
        assert features.shape[1] == 2
        self.blocks.append(len(features))
        above: NDArray[Any] = NAMES[(features[:, 0] > features[:, 1]).astype(np.intp)]
        return above


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    stand_in = Room()
    monkeypatch.setattr(prediction, "room", stand_in)
    return stand_in


def bodies(rows: Sequence[tuple[float, float]]) -> dict[str, bytes]:
    """The rows in every format."""
    file = io.BytesIO()
    first, second = (np.ascontiguousarray(column) for column in np.array(rows, dtype=float).T)
    write_parquet(Table.from_pydict({"a": first, "b": second}), file)
    return {
        CSV: "".join(f"{a},{b}\n" for a, b in rows).encode(),
        JSON: json.dumps({"instances": rows}).encode(),
        JSON_LINES: "".join(json.dumps({"features": row}) + "\n" for row in rows).encode(),
        PARQUET: file.getvalue(),
    }


def predictions(text: bytes, kind: str) -> list[Any]:
    if kind == PARQUET:
        return list(read_parquet(text).read_all().column(0).to_pylist())
    if kind == JSON:
        return json.loads(text)["predictions"]  # type: ignore[no-any-return]
    lines = text.decode().splitlines()
    return [json.loads(line)["prediction"] for line in lines] if kind == JSON_LINES else lines


@pytest.mark.parametrize("wanted", [CSV, JSON, JSON_LINES, PARQUET])
@pytest.mark.parametrize("given", [CSV, JSON, JSON_LINES, PARQUET])
def test_every_format_is_answered_in_every_other(given: str, wanted: str) -> None:
    for rows in ([(1.5, 2.0)], [(1.5, 2.0), (3.0, 2.25), (1.0, 1.0)]):
        text = prediction.answer(MODEL, bodies(rows)[given], given=given, wanted=wanted)
        assert predictions(text, wanted) == ["low", "high", "low"][: len(rows)]


@pytest.mark.parametrize("given", [CSV, JSON, JSON_LINES, PARQUET])
def test_rows_come_to_the_model_in_blocks_and_back_in_their_order(given: str, room: Room) -> None:
    rows = [(number * 37 % 100 / 4, 12.5) for number in range(20_000)]
    expected = ["high" if a > b else "low" for a, b in rows]
    for size in (1000, 1 << 30):
        room.blocks.clear()
        text = prediction.answer(
            MODEL, bodies(rows)[given], given=given, wanted=CSV, block_bytes=size
        )
        assert text.decode().splitlines() == expected
        assert max(room.blocks) < 1001 or size > 1000
        assert sum(room.blocks) == len(rows)


def test_the_model_never_gets_more_than_so_many_rows_at_once(room: Room) -> None:
    rows = 100_000  # so short that a block has more of them
    assert prediction.answer(MODEL, b"2,1\n" * rows, given=CSV, wanted=CSV) == b"high\n" * rows
    assert max(room.blocks) == prediction.ROWS


def test_other_names_of_a_format_do() -> None:
    body = bodies([(1, 2)])
    text = prediction.answer(
        MODEL,
        body[PARQUET],
        given="application/vnd.apache.parquet",
        wanted="application/x-ndjson",
    )
    assert text == b'{"prediction":"low"}\n'


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize("rows", [1, 3])
def test_any_kind_of_bytes_is_a_body(kind: Any, rows: int) -> None:  # noqa: ANN401
    for given, body in bodies([(2, 1)] * rows).items():
        text = prediction.answer(MODEL, kind(body), given=given, wanted=CSV)
        assert text == b"high\n" * rows


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (CSV, b"2,1"),
        (CSV, b"2.0, -1e0\r\n"),
        (JSON, b'{"instances": [[2, 1]]}'),
        (JSON, b'{"x": 1, "instances":\n[[2, 1.0]]}\n'),
    ],
)
def test_one_plain_row_goes_the_short_way(
    given: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "_READERS", {})
    assert prediction.answer(MODEL, body, given=given, wanted=CSV) == b"high\n"
    assert prediction.answer(MODEL, body, given=given, wanted=JSON) == b'{"predictions":["high"]}'


def test_a_bad_row_is_refused_whatever_was_answered_before_it() -> None:
    body = b"1,2\n" * 100_000 + b"1,x\n"
    with pytest.raises(BadRequestError, match="Row 100001, column 2: 'x' is not a number"):
        prediction.answer(MODEL, body, given=CSV, wanted=CSV)


def test_a_model_that_does_not_predict_every_row_fails(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "predict", lambda _model, features: ["x"] * (len(features) - 1))
    for body in (b"1,2\n", b"1,2\n3,4\n"):
        with pytest.raises(PredictionError, match="predictions for"):
            prediction.answer(MODEL, body, given=CSV, wanted=CSV)


def test_threads_answer_at_once() -> None:
    def right(number: int) -> bool:
        rows = [(float(number % 7), 3.0)] * (1 + 500 * (number % 3))
        text = prediction.answer(MODEL, bodies(rows)[CSV], given=CSV, wanted=CSV)
        return text == (b"high\n" if number % 7 > 3 else b"low\n") * len(rows)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(right, range(200)))


# Prints by how many MB the process grew beyond body and answer.
GROWTH = """
import re, sys
from types import SimpleNamespace
import numpy as np

names = np.array(["low", "high"], dtype=object)
predict = lambda _model, features: names[(features[:, 0] > features[:, 1]).astype(np.intp)]
sys.modules["model"] = SimpleNamespace(
    FEATURE_TYPE=np.float32, Model=object, predict=predict
)
from plumbing import prediction

def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024

begin, row, end, given, wanted = (argument.encode() for argument in sys.argv[1:])
body = b"".join([begin, row * (100_000_000 // len(row)), end])
open("/proc/self/clear_refs", "w").write("5")  # the peak counts from here
before = megabytes("VmRSS")
model = SimpleNamespace(feature_count=2)
answer = prediction.answer(model, body, given=given.decode(), wanted=wanted.decode())
print(megabytes("VmHWM") - before - len(answer) / 2**20)
"""


@pytest.mark.parametrize(
    ("begin", "row", "end", "given", "wanted"),
    [
        ("", "5.9000001,3.1250000\n", "", CSV, CSV),
        ("", '{"features": [5.9, 3.125]}\n', "", JSON_LINES, JSON_LINES),
        ('{"instances": [', "[5.9000001, 3.125], ", "[1, 2]]}", JSON, JSON),
        (
            '{"instances": [',
            '{"features": [5.9, 3.125], "id": 7}, ',
            '{"features": [1, 2]}]}',
            JSON,
            CSV,
        ),
    ],
)
def test_100_megabytes_take_little_memory_beside_body_and_answer(
    begin: str, row: str, end: str, given: str, wanted: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, begin, row, end, given, wanted],
        cwd=CONTAINER,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 30


def test_a_long_text_of_numbers_leaves_no_memory_behind() -> None:
    def megabytes() -> float:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found
        return int(found[1]) / 1024

    before = megabytes()
    body = b'{"instances": [[2,' + b" " * 60_000_000 + b"1]]}"
    assert prediction.answer(MODEL, body, given=JSON, wanted=CSV) == b"high\n"
    del body
    assert megabytes() - before < 20
