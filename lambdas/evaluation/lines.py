"""Whole lines out of a span of bytes, read as a stream.

A line ends with a line feed, the last one of an object perhaps without. A carriage return before it
is left to who parses the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evaluation.plan import Span

MAX_LINE_BYTES = 8 * 1024 * 1024
_AHEAD_BYTES = 256 * 1024

# Of an object by its key: the bytes from a start up to, not including, an end, in pieces, none of
# which is larger than MAX_LINE_BYTES.
ReadBytes = Callable[[str, int, int], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, each with its line feed, and where in the object they begin."""

    lines: bytes
    offset: int


class LineTooLong(Exception):  # noqa: N818 - becomes MalformedPredictions once its number is known
    """The line at *offset* has more than MAX_LINE_BYTES."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def blocks(read: ReadBytes, span: Span) -> Iterator[Block]:
    """The lines that begin in the span, some at a time; the last one is read past the span's end.

    Raises:
        LineTooLong: after all lines before it.
    """
    # One byte earlier: only that tells whether a line begins with the span.
    offset = max(span.start - 1, 0)
    pieces = read(span.key, offset, span.end)
    first = b""
    if span.start:
        for piece in pieces:
            cut = piece.find(b"\n") + 1
            offset += cut or len(piece)
            if cut:
                first = piece[cut:]
                break
        else:
            return
    rest = _Rest(offset=offset)
    if block := rest.add(first):
        yield block
    for piece in pieces:
        if block := rest.add(piece):
            yield block
    if rest.bytes:
        yield from _last_line(read, span, rest)


class _Rest:
    """The beginning of a line that has not ended yet."""

    def __init__(self, *, offset: int) -> None:
        self.bytes = bytearray()
        self._offset = offset

    def add(self, piece: bytes) -> Block | None:
        """The lines that end within this piece, if any.

        Raises:
            LineTooLong: the line that had not ended is too long with this piece.
        """
        end = piece.find(b"\n")
        if len(self.bytes) + (end if end >= 0 else len(piece)) > MAX_LINE_BYTES:
            raise LineTooLong(self._offset)
        if end < 0:
            self.bytes += piece
            return None
        cut = piece.rfind(b"\n") + 1
        block = Block(lines=bytes(self.bytes) + piece[:cut], offset=self._offset)
        self._offset += len(block.lines)
        self.bytes = bytearray(piece[cut:])
        return block

    def end(self) -> Block:
        """The last line of the object, which lacks its line feed."""
        return Block(lines=bytes(self.bytes) + b"\n", offset=self._offset)


def _last_line(read: ReadBytes, span: Span, rest: _Rest) -> Iterator[Block]:
    at = span.end
    while at < span.size:
        end = min(at + _AHEAD_BYTES, span.size)
        for piece in read(span.key, at, end):
            cut = piece.find(b"\n") + 1
            block = rest.add(piece[:cut] if cut else piece)
            if block:
                yield block
                return
        at = end
    yield rest.end()
