"""What a running `serve` answers to requests other than CSV and JSON."""

import io
from typing import Any

import numpy as np
from arro3.core import Table
from arro3.io import read_parquet, write_parquet
from support import Server

PARQUET = "application/x-parquet"


def parquet(rows: list[list[float]]) -> bytes:
    file = io.BytesIO()
    columns: dict[str, Any] = {
        str(at): np.array(values) for at, values in enumerate(zip(*rows, strict=True))
    }
    write_parquet(Table.from_pydict(columns), file)
    return file.getvalue()


def test_json_lines_are_answered_line_by_line(server: Server) -> None:
    body = '{"features": [4.5, 1.3, 0.3, 0.3]}\n{"features": [5.9, 3, 5.1, 1.8]}\n'
    answer = server.invoke(body, "application/jsonlines")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/jsonlines")
    assert answer.body == b'{"prediction":"setosa"}\n{"prediction":"virginica"}\n'


def test_parquet_is_answered_as_csv_or_as_asked(server: Server) -> None:
    body = parquet([[4.5, 1.3, 0.3, 0.3], [5.9, 3, 5.1, 1.8]])
    answer = server.invoke(body, PARQUET)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv")
    assert answer.body == b"setosa\nvirginica\n"
    file = server.invoke(body, PARQUET, Accept=PARQUET)
    assert file.headers["content-type"] == PARQUET
    assert read_parquet(file.body).read_all().column(0).to_pylist() == ["setosa", "virginica"]


def test_a_damaged_parquet_file_is_the_clients_fault_and_serving_goes_on(server: Server) -> None:
    body = parquet([[4.5, 1.3, 0.3, 0.3]] * 100)
    for damaged in (body[:-20], body[: len(body) // 2] + b"\xff" * 40 + body[len(body) // 2 :]):
        answer = server.invoke(damaged, PARQUET)
        assert answer.status == 400
        assert "damaged" in answer.error
    assert server.invoke(body, PARQUET).body == b"setosa\n" * 100
