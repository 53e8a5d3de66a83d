"""The protocol without a network: cuts anywhere, what is refused, what takes too long."""

import asyncio
from collections.abc import Awaitable, Iterator

import pytest
from fake_transport import FakeTransport, connect, new_server, pass_time
from plumbing.http_answer import Response
from plumbing.http_connection import INLINE_BYTES, Content
from plumbing.http_head import HEAD_BYTES, Head
from plumbing.http_server import Application, Room, Server
from raw_http import invocation

_CHUNKED = (
    b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5\r\nhello\r\n00006 ; name="value"\r\n world\r\n0\r\nTrailer: x\r\n\r\n'
)
_STREAM = (
    invocation(b"first")
    + _CHUNKED
    + b"\r\nGET /ping?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"
    + b"HEAD http://host/a%20b HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    + b"PUT /last HTTP/1.1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast"
)


def _bodies(written: bytes) -> list[bytes]:
    return [part.partition(b"\r\n\r\n")[2] for part in written.split(b"HTTP/1.1 ")[1:]]


def _status(transport: FakeTransport) -> int:
    return int(transport.written.split()[1])


def _cuts() -> Iterator[list[bytes]]:
    for cut in range(1, len(_STREAM)):
        yield [_STREAM[:cut], _STREAM[cut:]]
    yield [_STREAM[at : at + 1] for at in range(len(_STREAM))]
    yield [_STREAM]


def test_requests_are_the_same_however_they_are_cut() -> None:
    for parts in _cuts():
        connection, transport = connect(new_server())
        for part in parts:
            connection.data_received(part)
        assert _bodies(transport.written) == [
            b"POST /invocations first",
            b"POST /c hello world",
            b"GET /ping ",
            b"",
            b"PUT /last last",
        ], parts
        assert b"content-length: 10\r\n" in transport.written, "of HEAD /a b"
        assert transport.half_closed


def _request(*lines: bytes) -> bytes:
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\r\n\r\n", 400),
        (_request(b"GET /ping"), 505),
        (_request(b"GET /ping HTTP/2.0"), 505),
        (_request(b"PRI * HTTP/2.0", b"", b"SM"), 400),
        (_request(b"GET /pi ng HTTP/1.1"), 400),
        (b"GET /ping HTTP/1.1\nHost: a\n\r\n\r\n", 400),
        (_request(b"GET /ping HTTP/1.1", b"A : b"), 400),
        (_request(b"GET /ping HTTP/1.1", b"A: b", b" folded"), 400),
        (_request(b"GET /ping HTTP/1.1", b"A: \x00"), 400),
        (_request(b"POST / HTTP/1.1", b"Content-Length: +3"), 400),
        (_request(b"POST / HTTP/1.1", b"Content-Length: 3", b"Content-Length: 4"), 400),
        (_request(b"POST / HTTP/1.1", b"Content-Length: 99999999999999999999"), 400),
        (_request(b"POST / HTTP/1.1", b"Content-Length: 3", b"Transfer-Encoding: chunked"), 400),
        (_request(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip, chunked"), 501),
        (_request(b"POST / HTTP/1.1", b"Transfer-Encoding: gzip"), 400),
        (_request(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked"), 501),
        (_request(b"POST / HTTP/1.1", b"Expect: a miracle"), 417),
        (_request(b"GET /ping HTTP/1.1", b"A: " + b"b" * HEAD_BYTES), 431),
        (b"GET /ping HTTP/1.1\r\nA: " + b"b" * HEAD_BYTES, 431),
        (_request(b"POST / HTTP/1.1", b"Content-Length: 1048577"), 413),
        *(
            (_request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + chunks, 400)
            for chunks in (
                b"x\r\n",
                b"\r\n",
                b"-1\r\n",
                b"0x1\r\na\r\n",
                b"1_0\r\n",
                b"123456789\r\n",
                b"1\r\nab\r\n",
                b"1\r\na\n",
                b"1\na\r\n",
                b"1" + b";" * 300,
                b"0\r\n" + b"A: b\r\n" * 40,
            )
        ),
    ],
)
def test_what_is_no_request_is_refused_and_ends_the_connection(sent: bytes, status: int) -> None:
    connection, transport = connect(new_server())
    connection.data_received(sent + invocation())
    assert _status(transport) == status
    assert b"connection: close\r\n" in transport.written
    assert transport.written.count(b"HTTP/1.1 ") == 1, "nothing after it is answered"
    assert transport.half_closed
    assert not transport.aborted, "else the client might not see the answer"


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (_request(b"GET / HTTP/1.1"), b""),
        (_request(b"GET / HTTP/1.1", b"Upgrade: websocket", b"Connection: upgrade"), b""),
        (_request(b"GET / HTTP/1.1", b"Connection: close"), b"connection: close"),
        (_request(b"GET / HTTP/1.0"), b"connection: close"),
        (_request(b"GET / HTTP/1.0", b"Connection: keep-alive"), b"connection: keep-alive"),
    ],
)
def test_a_connection_stays_as_the_client_asks(sent: bytes, line: bytes) -> None:
    connection, transport = connect(new_server())
    connection.data_received(sent)
    assert _status(transport) == 200
    assert transport.half_closed == (line == b"connection: close")
    assert line in transport.written.lower()
    assert line or b"connection:" not in transport.written


def test_a_connection_that_fails_is_ended_and_the_others_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    server = new_server()
    connections = [connect(server) for _ in range(3)]
    bad = connections[0][1]
    monkeypatch.setattr(bad, "get_write_buffer_size", lambda: 1 // 0)
    for connection, _ in connections[1:]:
        connection.data_received(b"GET /ping HT")
    pass_time(server, 21)
    assert [_status(transport) for _, transport in connections[1:]] == [408, 408]
    assert bad.aborted
    assert "ZeroDivisionError" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("sent", "seconds", "status"),
    [
        (b"GET /ping HT", 20, 408),
        (_request(b"POST / HTTP/1.1", b"Content-Length: 9") + b"slow", 20, 408),
        (_request(b"POST / HTTP/1.1", b"Transfer-Encoding: chunked") + b"1\r\n", 20, 408),
        (_request(b"GET /ping HTTP/1.1"), 75, 200),
        (b"", 65, None),
    ],
)
def test_who_is_too_slow_is_sent_away(sent: bytes, seconds: int, status: int | None) -> None:
    server = new_server()
    connection, transport = connect(server)
    pass_time(server, 10)
    for at in range(len(sent)):  # many small steps are no progress
        connection.data_received(sent[at : at + 1])
    pass_time(server, seconds)
    assert not transport.half_closed
    pass_time(server, 1)
    assert transport.half_closed
    assert (_status(transport) if transport.written else None) == status
    pass_time(server, 3)
    assert transport.aborted


def test_a_large_body_has_the_time_that_it_needs() -> None:
    server = new_server(limit=0)
    connection, transport = connect(server)
    connection.data_received(_request(b"POST / HTTP/1.1", b"Content-Length: 12000000"))
    for _ in range(80):
        connection.data_received(bytes(150_000))
        pass_time(server, 1)
    assert _status(transport) == 200
    assert not transport.half_closed


def test_an_answer_that_is_not_read_is_given_up_but_not_one_that_is_read_slowly() -> None:
    server = new_server()
    connection, transport = connect(server)
    connection.data_received(invocation())
    for unread in range(300, 0, -1):
        transport.unread = unread
        pass_time(server, 1)
    assert not transport.aborted
    pass_time(server, 61)
    assert transport.aborted


def test_nothing_is_worked_on_while_the_client_does_not_read() -> None:
    connection, transport = connect(new_server())
    connection.pause_writing()
    assert not transport.reading
    connection.data_received(invocation())
    assert transport.written == b""
    connection.resume_writing()
    assert _status(transport) == 200
    assert transport.reading


def test_who_goes_on_sending_after_the_last_answer_is_heard_for_a_while() -> None:
    server = new_server()
    connection, transport = connect(server)
    connection.data_received(b"nonsense\r\n\r\n")
    for _ in range(29):
        connection.data_received(b"more")
        pass_time(server, 1)
    assert not transport.aborted
    for _ in range(3):
        connection.data_received(b"more")
        pass_time(server, 1)
    assert transport.aborted


def test_answers_come_in_order_and_large_bodies_wait_for_room() -> None:
    async def run() -> None:
        # Given an application that answers late, and room for one large body
        loop = asyncio.get_running_loop()
        coming = [loop.create_future() for _ in range(3)]
        given: list[int] = []

        def handler(_head: Head, content: Content) -> Response | Awaitable[Response]:
            if len(content) <= INLINE_BYTES:
                return Response(200, "text/plain", b"small")
            given.append(len(content))
            future: asyncio.Future[Response] = coming[len(given) - 1]
            return future

        server = Server(Application(handler), limit=0)
        server.room = Room(250_000)
        large = invocation(bytes(150_000))
        one, one_out = connect(server)
        two, two_out = connect(server)
        three, three_out = connect(server)
        # When three come at once, the first with a small request behind it
        one.data_received(large + invocation())
        for connection in (two, three):
            connection.data_received(large[:200])
        # Then the first is worked on, the small one waits for it, the others are not read
        assert (given, one_out.written) == ([150_000], b"")
        assert not any(each.reading for each in (one_out, two_out, three_out))
        small, small_out = connect(server)
        small.data_received(invocation())
        assert _bodies(small_out.written) == [b"small"]
        # When the first is answered
        coming[0].set_result(Response(200, "text/plain", b"large"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        # Then so is the small one, and the next large body is read
        assert _bodies(one_out.written) == [b"large", b"small"]
        assert (two_out.reading, three_out.reading) == (True, False)
        # When that one's client is gone, it is the third one's turn
        two.connection_lost(None)
        assert three_out.reading
        three.data_received(large[200:])
        coming[1].set_exception(KeyError("reason"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert _status(three_out) == 500
        assert server.room.take(three, 250_000), "all of it is free again"

    asyncio.run(run())
