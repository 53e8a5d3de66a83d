"""Bodies that do not come together with their head: collected as they arrive, with one copy."""

import re
from http import HTTPStatus

from plumbing.http_head import Head, HttpError

_LINE_BYTES = 256  # a chunk's size with its extensions, or one trailer
_TRAILERS = 32
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\x00-\x08\x0a-\x1f\x7f]*)?")


class Body:
    """The body of ``head``, read to its end once ``complete`` is true; ``content`` grows."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.content = bytearray()
        self.complete = head.length == 0

    def take(self, data: bytes, start: int) -> int:
        """Takes its part of ``data`` from ``start`` on; returns where that part ends.

        Raises:
            HttpError: the chunks are malformed.
        """
        length = self.head.length or 0
        end = min(start + length - len(self.content), len(data))
        self.content += memoryview(data)[start:end]
        self.complete = len(self.content) == length
        return end


class ChunkedBody(Body):
    """A body that says the length of each of its chunks, and ends with an empty one.

    https://www.rfc-editor.org/rfc/rfc9112#section-7.1
    """

    def __init__(self, head: Head) -> None:
        super().__init__(head)
        self._missing = 0  # bytes of the chunk under way, its line end included
        self._line = b""  # the beginning of a line whose end has not come
        self._trailers: int | None = None  # read so far; None before the last chunk

    def take(self, data: bytes, start: int) -> int:
        while start < len(data) and not self.complete:
            start = self._chunk(data, start) if self._missing else self._next_line(data, start)
        return start

    def _chunk(self, data: bytes, start: int) -> int:
        content = min(self._missing - 2, len(data) - start)
        if content > 0:
            self.content += memoryview(data)[start : start + content]
            self._missing -= content
            return start + content
        if data[start] != b"\r\n"[2 - self._missing]:
            raise _malformed("a chunk is longer than it says")
        self._missing -= 1
        return start + 1

    def _next_line(self, data: bytes, start: int) -> int:
        end = data.find(b"\n", start) + 1 or len(data)
        line = self._line + data[start : min(end, start + _LINE_BYTES)]
        if len(line) >= _LINE_BYTES:
            raise _malformed("a line between chunks is too long")
        if not line.endswith(b"\n"):
            self._line = line
            return end
        if not line.endswith(b"\r\n"):
            raise _malformed("a line between chunks ends without CR")
        self._line = b""
        self._understand(line[:-2])
        return end

    def _understand(self, line: bytes) -> None:
        if self._trailers is not None:
            self.complete = not line
            self._trailers += 1
            if self._trailers > _TRAILERS:
                raise _malformed("there are too many trailers")
            return
        found = _SIZE.fullmatch(line)
        if found is None:
            raise _malformed("a chunk does not begin with its size")
        size = int(found[1], 16)
        if size:
            self._missing = size + 2
        else:
            self._trailers = 0


def body(head: Head) -> Body:
    """An empty body for what follows ``head``."""
    return ChunkedBody(head) if head.length is None else Body(head)


def _malformed(why: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, f"The chunked body is malformed: {why}.")
