"""A connection without a network: what is fed to it, what it writes, and time by hand."""

import asyncio
import os
from collections.abc import Iterable
from typing import Any

from plumbing.http_answer import Response
from plumbing.http_connection import Connection, Content
from plumbing.http_head import Head
from plumbing.http_server import Application, Server

_QUIET, _ = os.pipe()  # stands for a socket in which nothing waits


class FakeTransport(asyncio.Transport):
    """Keeps what is written; ``unread`` bytes of it are said to wait for the client."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unread = 0
        self.reading = True
        self.half_closed = self.aborted = False

    def write(self, data: Any) -> None:  # noqa: ANN401 - bytes of any kind
        assert not self.half_closed
        self.written += bytes(data)

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self.half_closed = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return self.unread

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        return _QUIET if name == "socket" else default


def echo(head: Head, content: Content) -> Response:
    """Answers with what was asked."""
    return Response(200, "text/plain", f"{head.method} {head.path} ".encode() + bytes(content))


def connect(server: Server) -> tuple[Connection, FakeTransport]:
    transport = FakeTransport()
    connection = Connection(server)
    connection.connection_made(transport)
    return connection, transport


def new_server(limit: int = 1024 * 1024) -> Server:
    return Server(Application(echo), limit=limit)


def pass_time(server: Server, seconds: int) -> None:
    """Lets the server look at its connections, once a second."""
    for _ in range(seconds):
        server.look()
