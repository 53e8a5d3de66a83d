"""Answers, and how they are written."""

import json
import time
from dataclasses import dataclass
from http import HTTPStatus

JSON = "application/json"
SEPARATE_BYTES = 64 * 1024  # a body of this size is not copied behind its head


@dataclass(slots=True)
class Response:
    """``headers`` are whole further lines, each with its line end.

    ``counted`` says whether the log's counts and latencies include it.
    """

    status: int
    content_type: str
    body: bytes
    headers: bytes = b""
    counted: bool = True


def failure(status: int, message: str, headers: bytes = b"") -> Response:
    """An answer that says in JSON what was wrong."""
    return Response(status, JSON, json.dumps({"error": message}).encode(), headers)


class Writer:
    """Writes answers; the part of a head that is the same for a second is made once."""

    def __init__(self) -> None:
        self._heads: dict[tuple[int, str], bytes] = {}

    def renew(self) -> None:
        """Call it every second: the heads have the time in them."""
        self._heads.clear()

    def head(self, response: Response, connection: bytes) -> bytes:
        """The head of an answer; ``connection`` is a whole line or empty."""
        start = self._heads.get((response.status, response.content_type))
        if start is None:
            start = self._start(response.status, response.content_type)
        if connection or response.headers:
            start = start.replace(b"\r\n", b"\r\n" + connection + response.headers, 1)
        return b"%b%d\r\n\r\n" % (start, len(response.body))

    def whole(self, response: Response) -> bytes:
        """The whole of an answer after which the connection stays: the usual case."""
        start = self._heads.get((response.status, response.content_type))
        if start is None:
            start = self._start(response.status, response.content_type)
        body = response.body
        return b"%b%d\r\n\r\n%b" % (start, len(body), body)

    def _start(self, status: int, content_type: str) -> bytes:
        start = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"date: {time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime())}\r\n"
            f"content-type: {content_type}\r\n"
            "content-length: "
        ).encode("latin-1")
        self._heads[status, content_type] = start
        return start
