"""How batch transform cuts a file into requests.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One request: its body and the records in it, as the input file has them."""

    body: bytes
    records: tuple[str, ...]


class PayloadTooLargeError(Exception):
    """A record alone is larger than MaxPayloadInMB."""


def split_lines(data: bytes) -> list[str]:
    """The lines of a file, without empty ones at the end. Raises UnicodeDecodeError."""
    return data.decode("utf-8").rstrip("\r\n").splitlines() if data.strip() else []


def batches(
    records: list[tuple[str, str]], *, multi_record: bool, most_bytes: int | None
) -> Iterator[Batch]:
    """Group (input record, filtered record) pairs into requests of at most `most_bytes`.

    A request holds one record, or with `multi_record` as many whole ones as fit. None is no limit.
    """
    originals: list[str] = []
    lines: list[bytes] = []
    size = 0
    for original, line in records:
        encoded = line.encode() + b"\n"
        if most_bytes is not None and len(encoded) > most_bytes:
            raise PayloadTooLargeError(
                f"a record of {len(encoded)} bytes is larger than the {most_bytes} bytes allowed"
            )
        full = most_bytes is not None and size + len(encoded) > most_bytes
        if lines and (full or not multi_record):
            yield Batch(body=b"".join(lines), records=tuple(originals))
            originals, lines, size = [], [], 0
        originals.append(original)
        lines.append(encoded)
        size += len(encoded)
    if lines:
        yield Batch(body=b"".join(lines), records=tuple(originals))
