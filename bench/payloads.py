"""Requests with known answers: rows that the model was trained on, so that it knows their labels.

The model that is measured, the container's own, is a tree grown to the end: it gives each row
that it was trained on the label that the row has.
"""

from __future__ import annotations

import csv
import itertools
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bench.exchange import Exchange, Expected

_CONTAINER = Path(__file__).resolve().parent.parent / "container"
# Not container/sample, which people replace by rows of their own.
TRAIN = _CONTAINER / "tests" / "sample_model" / "train.csv"
BATCH_BYTES = 5_000_000
"""A payload of a batch transform."""
CONSTANT = b"setosa\n"
"""The answer of bench/ceiling."""
_MOST_VARIANTS = 4096  # far more than a server would remember
_MOST_BYTES = 16_000_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row as it stands in the file, and its label."""

    label: str
    features: str

    @property
    def numbers(self) -> list[float]:
        """The features as JSON has them."""
        return [float(text) for text in self.features.split(",")]


def rows() -> list[Row]:
    """The sample's training rows."""
    with TRAIN.open(newline="", encoding="utf-8") as file:
        return [Row(label=line[0], features=",".join(line[1:])) for line in csv.reader(file)]


def batch_rows() -> int:
    """How many rows a payload of BATCH_BYTES has."""
    known = rows()
    size = sum(len(row.features) + 1 for row in known)
    return BATCH_BYTES * len(known) // size


def exchanges(*, size: int, kind: str) -> list[Exchange]:
    """Different requests of `size` rows each: `csv`, `json`, or `constant`, CSV that is ignored.

    No two heads are the same, as each request has an id of its own from SageMaker.
    """
    known = rows()
    make = {"csv": csv_exchange, "json": json_exchange, "constant": constant_exchange}[kind]

    def beginning_at(row: int) -> Exchange:
        return make(list(itertools.islice(itertools.cycle(known), row, row + size)))

    different = [beginning_at(0)]
    variants = max(2, min(_MOST_VARIANTS, _MOST_BYTES // len(different[0].request)))
    different += [beginning_at(row) for row in range(1, min(variants, len(known)))]
    return [
        replace(each, request=with_id(each.request))
        for each in itertools.islice(itertools.cycle(different), variants)
    ]


def csv_exchange(chosen: list[Row]) -> Exchange:
    """Rows as CSV, answered by one label a line."""
    labels = [row.label for row in chosen]
    body = "".join([f"{row.features}\n" for row in chosen]).encode()
    return Exchange(
        name=f"{counted(chosen)} of CSV",
        request=post(body, content_type="text/csv"),
        expected=Expected(lambda answer: answer.decode().splitlines() == labels),
    )


def constant_exchange(chosen: list[Row]) -> Exchange:
    """The same request, to a server that has one answer for all: bench/ceiling."""
    return replace(csv_exchange(chosen), expected=Expected(CONSTANT.__eq__))


def json_exchange(chosen: list[Row]) -> Exchange:
    """Rows as JSON, answered by a list of labels."""
    labels = [row.label for row in chosen]
    body = json.dumps({"instances": [row.numbers for row in chosen]}).encode()
    return Exchange(
        name=f"{counted(chosen)} of JSON",
        request=post(body, content_type="application/json"),
        expected=Expected(_json_check(lambda content: content["predictions"] == labels)),
    )


def with_id(request: bytes) -> bytes:
    """The request with an id of its own, as SageMaker's have."""
    line, _, rest = request.partition(b"\r\n")
    return b"%b\r\nx-amzn-requestid: %b\r\n%b" % (line, str(uuid.uuid4()).encode(), rest)


def counted(chosen: list[Row]) -> str:
    """How many rows there are, in words."""
    return "1 row" if len(chosen) == 1 else f"{len(chosen)} rows"


def post(body: bytes, *, content_type: str, accept: str | None = None) -> bytes:
    """A request to /invocations; the answer is wanted in the same form unless told."""
    lines = [
        "POST /invocations HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Type: {content_type}",
        f"Accept: {accept or content_type}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _json_check(right: Callable[[dict[str, object]], bool]) -> Callable[[bytes], bool]:
    def check(answer: bytes) -> bool:
        try:
            return right(json.loads(answer))
        except (ValueError, KeyError, TypeError):
            return False

    return check
