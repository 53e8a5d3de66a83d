"""Requests answered before their body has come: who waits to be told to go on, and HEAD."""

import re

import pytest
from fake_transport import connect, echo, new_server
from plumbing.http_answer import Response
from plumbing.http_server import Application, Room, Server

_REFUSING = Application(echo, lambda _: Response(415, "text/plain", b"no"))


def _statuses(written: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1.1 (\d+)", written)


def _expecting(method: bytes, *lines: bytes) -> bytes:
    head = (method + b" / HTTP/1.1", b"Expect: 100-continue", *lines)
    return b"\r\n".join(head) + b"\r\n\r\n"


def test_who_expects_100_is_told_to_go_on_or_not_to() -> None:
    connection, transport = connect(new_server())
    connection.data_received(
        b"GET /first HTTP/1.1\r\n\r\n" + _expecting(b"POST", b"Content-Length: 5")
    )
    assert _statuses(transport.written) == [b"200", b"100"]
    connection.data_received(b"hello")
    assert transport.written.endswith(b"\r\n\r\nPOST / hello")
    too_large, transport = connect(new_server())
    too_large.data_received(_expecting(b"POST", b"Content-Length: 2000000"))
    assert _statuses(transport.written) == [b"413"]
    refused, transport = connect(Server(_REFUSING, limit=0))
    refused.data_received(_expecting(b"POST", b"Content-Length: 5"))
    assert _statuses(transport.written) == [b"415"]


def test_it_is_told_once_even_if_the_body_has_to_wait_for_room() -> None:
    server = new_server()
    server.room = Room(100_000)
    other, _ = connect(server)
    assert server.room.take(other, 100_000)
    connection, transport = connect(server)
    connection.data_received(_expecting(b"POST", b"Transfer-Encoding: chunked"))
    connection.data_received(b"%x\r\n" % 70_000 + bytes(70_000))
    assert not transport.reading
    server.room.give(100_000)
    connection.data_received(b"\r\n0\r\n\r\n")
    assert _statuses(transport.written) == [b"100", b"200"]


@pytest.mark.parametrize(("length", "status"), [(2_000_000, b"413"), (5, b"415")])
def test_head_has_no_body_when_it_is_refused_early(length: int, status: bytes) -> None:
    connection, transport = connect(Server(_REFUSING, limit=1_000_000))
    connection.data_received(_expecting(b"HEAD", b"Content-Length: %d" % length))
    assert _statuses(transport.written) == [status]
    assert b"content-length: 0" not in transport.written
    assert transport.written.endswith(b"\r\n\r\n")
    assert transport.half_closed
