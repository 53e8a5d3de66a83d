"""A tiny HTTP server, in a thread, that answers as it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Answer = Callable[[bytes], bytes]


def answer(body: bytes, *, status: int = 200, headers: str = "") -> bytes:
    """A whole answer with Content-Length."""
    head = f"HTTP/1.1 {status} Whatever\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@contextlib.contextmanager
def served(respond: Answer) -> Iterator[int]:
    """The port of a server that answers each request by `respond`; closes where that says so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_accept, args=(listener, respond), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _accept(listener: socket.socket, respond: Answer) -> None:
    threads = []
    with contextlib.suppress(OSError):
        while True:
            link, _ = listener.accept()
            thread = threading.Thread(target=_talk, args=(link, respond), daemon=True)
            thread.start()
            threads.append(thread)
    for thread in threads:
        thread.join(10)


def _talk(link: socket.socket, respond: Answer) -> None:
    with link, contextlib.suppress(OSError):
        received = b""
        while True:
            while not (request := _first(received)):
                data = link.recv(65536)
                if not data:
                    return
                received += data
            received = received[len(request) :]
            said = respond(request)
            link.sendall(said)
            if not said or b"Connection: close" in said:
                return


def _first(received: bytes) -> bytes:
    """The first whole request of what came, or nothing."""
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return b""
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return received[: len(head) + 4 + length] if len(rest) >= length else b""
