"""Requests with known answers: rows that the model was trained on, so that it knows their labels.

The model that is measured is a tree grown to the end, on the container's own sample: it gives each
training row the label that the row has.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.exchange import Exchange

TRAIN = Path(__file__).resolve().parent.parent / "container" / "sample" / "train.csv"
BATCH_BYTES = 5_000_000
"""A payload of a batch transform."""
CONSTANT = b"setosa\n"
"""The answer of bench/ceiling."""
_MOST_VARIANTS = 120
_MOST_VARIED_ROWS = 20_000


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
    """Different requests of `size` rows each: `csv`, `json`, or `constant`, CSV that is ignored."""
    known = rows()
    make = {"csv": csv_exchange, "json": json_exchange, "constant": constant_exchange}[kind]
    variants = max(1, min(_MOST_VARIANTS, _MOST_VARIED_ROWS // size))
    endless = itertools.cycle(known)
    made = []
    for _ in range(variants):
        made.append(make(list(itertools.islice(endless, size))))
        next(endless)  # the next one begins elsewhere
    return made


def csv_exchange(chosen: list[Row]) -> Exchange:
    """Rows as CSV, answered by one label a line."""
    labels = [row.label for row in chosen]
    body = "".join(f"{row.features}\n" for row in chosen).encode()
    return Exchange(
        name=f"{counted(chosen)} of CSV",
        request=post(body, content_type="text/csv"),
        check=lambda answer: answer.decode().splitlines() == labels,
    )


def constant_exchange(chosen: list[Row]) -> Exchange:
    """The same request, to a server that has one answer for all: bench/ceiling."""
    exchange = csv_exchange(chosen)
    exchange.check = CONSTANT.__eq__
    return exchange


def json_exchange(chosen: list[Row]) -> Exchange:
    """Rows as JSON, answered by a list of labels."""
    labels = [row.label for row in chosen]
    body = json.dumps({"instances": [row.numbers for row in chosen]}).encode()
    return Exchange(
        name=f"{counted(chosen)} of JSON",
        request=post(body, content_type="application/json"),
        check=_json_check(lambda content: content["predictions"] == labels),
    )


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
