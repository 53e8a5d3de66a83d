"""Speaks HTTP over plain sockets, to the byte: what http.client would not send or not show."""

import contextlib
import socket
from dataclasses import dataclass

ROW = b"5.9,3,5.1,1.8"


def invocation(body: bytes = ROW, *headers: bytes) -> bytes:
    """A whole request for one prediction."""
    lines = (
        b"POST /invocations HTTP/1.1",
        b"host: model",
        b"content-type: text/csv",
        b"content-length: %d" % len(body),
        *headers,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("connection") == "close"


class CutError(Exception):
    """The connection ended before an answer was complete; ``args`` has what came of it."""


class Client:
    """One connection."""

    def __init__(self, port: int, *, timeout: float = 10, window: int = 0) -> None:
        """``window``: bytes that the kernel keeps for us unread, if not as many as usual."""
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if window:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        self._read = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, data: bytes) -> Reply:
        self.send(data)
        return self.reply()

    def reply(self, *, head_only: bool = False) -> Reply:
        """The next answer, whole.

        Raises:
            CutError: the connection ends before.
        """
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            self._more()
        first, *lines = self._read[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name] = value
        status = int(first.split()[1])
        size = 0 if head_only else int(headers.get("content-length", "0"))
        self._read = self._read[end + 4 :]
        while len(self._read) < size:
            self._more()
        body, self._read = self._read[:size], self._read[size:]
        return Reply(status, headers, body)

    def ends(self) -> bool:
        """Whether nothing more comes but the connection's end; waits for it."""
        with contextlib.suppress(CutError):
            self._more()
            return False
        return not self._read

    def _more(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionError as error:
            raise CutError(self._read, str(error)) from None
        if not data:
            raise CutError(self._read)
        self._read += data
