"""A running `serve`, asked over plain sockets: what a client sees of the protocol."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from raw_http import ROW, Client, invocation
from support import PATIENCE, Server, served, wait_until

MEBIBYTE = 1024 * 1024
_LARGE = 5000  # rows: more than are worked on at once


@pytest.fixture
def client(server: Server) -> Client:
    return Client(server.port)


def _chunked(*chunks: bytes) -> bytes:
    head = b"POST /invocations HTTP/1.1\r\ncontent-type: text/csv\r\ntransfer-encoding: chunked\r\n"
    return head + b"\r\n" + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks)


def test_answers_to_pipelined_requests_come_in_order(client: Client) -> None:
    with client:
        client.send(
            invocation()
            + invocation(b"4.5,1.3,0.3,0.3\n" * _LARGE)
            + invocation(b"bad")
            + b"HEAD /ping HTTP/1.1\r\n\r\n"
            + _chunked(ROW[:3], ROW[3:], b"")
            + invocation(ROW, b"connection: close")
            + invocation()
        )
        assert client.reply().body == b"virginica\n"
        assert client.reply().body == b"setosa\n" * _LARGE
        assert client.reply().status == 400
        assert client.reply(head_only=True).headers["content-length"] == "2"
        assert client.reply().body == b"virginica\n"
        last = client.reply()
        assert (last.body, last.closes) == (b"virginica\n", True)
        assert client.ends()


def test_many_requests_at_once_are_answered_though_nobody_reads_at_first(server: Server) -> None:
    with Client(server.port, window=65536) as client:
        # Far more than fits into the buffers of both sides.
        number, request = 80_000, b"GET /ping HTTP/1.1\r\npadding: %b\r\n\r\n" % (b"-" * 400)
        sending = threading.Thread(target=client.send, args=(request * number,))
        sending.start()
        sending.join(0.5)
        assert sending.is_alive(), "the server stops reading while its answers are not read"
        answered, rest = 0, b""
        while answered < number:
            rest += client.socket.recv(65536)
            answered += rest.count(b"\r\n\r\n{}")
            rest = rest[-5:]  # may be the beginning of the next one
        sending.join(PATIENCE)
        assert answered == number


def test_what_is_too_large_is_refused_before_it_is_sent(client: Client) -> None:
    with client:
        reply = client.ask(invocation(b"")[:-5] + b"%d\r\n\r\n" % (MEBIBYTE + 1))
        assert (reply.status, reply.closes) == (413, True)
        assert client.ends()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_client_that_sends_all_of_it_first_sees_the_413(client: Client, chunked: bool) -> None:
    body = b"5.9,3,5.1,1.8\n" * 600_000  # 8 MB
    with client:
        reply = client.ask(_chunked(body, b"") if chunked else invocation(body))
        assert reply.status == 413
        assert client.ends()


def test_a_client_that_has_sent_all_may_close_its_side(server: Server) -> None:
    for rows in (1, _LARGE):
        with Client(server.port) as client:
            client.send(invocation(b"5.9,3,5.1,1.8\n" * rows))
            client.socket.shutdown(socket.SHUT_WR)
            assert client.reply().body == b"virginica\n" * rows
            assert client.ends()


def test_one_that_goes_away_in_the_middle_harms_nobody(server: Server) -> None:
    whole = invocation(b"5.9,3,5.1,1.8\n" * _LARGE)
    for part in (whole[:20], whole[:200], whole):
        with Client(server.port) as client:
            client.send(part)
    assert server.invoke(ROW).body == b"virginica\n"


def _memory(process: int, kind: str) -> int:
    """Bytes in memory: ``VmRSS`` now, ``VmHWM`` at most so far."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) * 1024
    raise AssertionError


def test_large_bodies_leave_no_memory_behind(trained: Path) -> None:
    settings = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "40"}
    bodies = [f"{ROW.decode()}\n" * (rows * 100_000) for rows in (6, 9, 12)]
    with served(trained, extra=settings) as server, ThreadPoolExecutor(3) as pool:
        [worker] = server.workers(1)
        before = _memory(worker, "VmRSS")
        assert {answer.status for answer in pool.map(server.invoke, bodies)} == {200}
        wait_until(
            lambda: _memory(worker, "VmRSS") - before < 30 * MEBIBYTE, "memory is given back"
        )


def test_large_bodies_at_once_take_bounded_memory(trained: Path) -> None:
    # Given a worker that takes bodies of 100 MB, with room for two of them
    settings = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "SAGEMAKER_BATCH": "true"}
    body = b"no number\n" * (9_900_000)
    with served(trained, extra=settings) as server:
        [worker] = server.workers(1)
        before = _memory(worker, "VmHWM")
        # When six come at once
        with ThreadPoolExecutor(6) as pool:
            asked = [pool.submit(server.invoke, body) for _ in range(6)]
            while not all(each.done() for each in asked):
                assert server.ping() == 200, "small requests do not wait"
                time.sleep(0.05)
        # Then all are answered, and no more than two were in memory
        assert {each.result().status for each in asked} == {400}
        assert _memory(worker, "VmHWM") - before < 260 * MEBIBYTE
