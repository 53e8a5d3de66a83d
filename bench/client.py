"""A client with n connections and one event loop, light enough not to be what is measured."""

from __future__ import annotations

import select
import socket
import time
from array import array
from collections.abc import Iterator

from bench.exchange import Ending, Exchange, UnreadableAnswerError, needed, read

_CHUNK = 1 << 16  # a larger one would be mapped anew for each call, which costs more than the call
_PATIENCE = 60.0  # seconds without any answer
_MOST_DEVIATIONS = 20


class _Connection:
    """A socket, the exchange that is under way on it, and what has come of it so far."""

    __slots__ = ("buffer", "exchange", "expected", "link", "started", "unsent", "writing")

    def __init__(self, link: socket.socket, exchange: Exchange) -> None:
        self.link = link
        self.exchange = exchange
        self.buffer = bytearray()
        self.expected = 0
        self.started = 0.0
        self.unsent = memoryview(b"")
        self.writing = False


class Client:
    """Sends exchanges over keep-alive connections, each connection one after the other; runs once.

    `latencies` are the seconds from the first byte sent to the last one received, of right answers;
    `deviations` say in words which were not right; `cut` counts requests that were broken off.
    """

    def __init__(self, *, port: int, connections: int) -> None:
        self._address = ("127.0.0.1", port)
        self._count = connections
        self._poller = select.epoll()
        self._open: dict[int, _Connection] = {}
        self._exchanges: Iterator[Exchange] = iter(())
        self.latencies = array("d")
        self.deviations: list[str] = []
        self.cut = 0

    def run(self, exchanges: Iterator[Exchange]) -> None:
        """Send all of them and wait for every answer; ends early after too many deviations."""
        self._exchanges = exchanges
        try:
            for _ in range(self._count):
                self._begin(None)
            while self._open:
                self._turn()
                if len(self.deviations) >= _MOST_DEVIATIONS:
                    return
        finally:
            for connection in self._open.values():
                connection.link.close()
            self._open.clear()
            self._poller.close()

    def _turn(self) -> None:
        """Deal with what has happened on the connections; the usual case is written out here."""
        clock = time.perf_counter
        events = self._poller.poll(_PATIENCE)
        if not events:
            waiting = sorted({each.exchange.name for each in self._open.values()})
            self.deviations.extend([f"no answer in {_PATIENCE} s to: {waiting}"] * _MOST_DEVIATIONS)
            return
        for number, event in events:
            connection = self._open[number]
            if connection.writing and event & select.EPOLLOUT:
                self._send_more(connection)
                if not event & ~select.EPOLLOUT:
                    continue
            try:
                data = connection.link.recv(_CHUNK)
            except BlockingIOError:
                continue
            except OSError as error:
                self._lost(connection, str(error))
                continue
            exchange = connection.exchange
            if not connection.buffer and exchange.expected.is_known(data):
                self.latencies.append(clock() - connection.started)
                following = next(self._exchanges, None)
                if following is None or exchange.ending is not Ending.KEEP:
                    self._close(connection)
                    if following is not None:
                        self._begin(following)
                    continue
                self._send(connection, following)
            elif data:
                self._take(connection, data)
            else:
                self._lost(connection, "the server closed the connection")

    def _begin(self, exchange: Exchange | None) -> None:
        """Open a connection for this exchange or the next, unless there is none."""
        while exchange := exchange or next(self._exchanges, None):
            try:
                link = socket.create_connection(self._address)
            except OSError as error:
                self.deviations.append(f"{exchange.name}: no connection: {error}")
                if len(self.deviations) >= _MOST_DEVIATIONS:
                    return
                exchange = None
                continue
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if exchange.ending is Ending.CUT:
                link.sendall(exchange.request)
                link.close()
                self.cut += 1
                exchange = None
                continue
            link.setblocking(False)
            connection = _Connection(link, exchange)
            self._open[link.fileno()] = connection
            self._poller.register(link.fileno(), select.EPOLLIN)
            self._send(connection, exchange)
            return

    def _send(self, connection: _Connection, exchange: Exchange) -> None:
        if exchange.ending is Ending.CUT:
            self._close(connection)
            self._begin(exchange)
            return
        connection.exchange = exchange
        connection.started = time.perf_counter()
        request = exchange.request
        try:
            sent = connection.link.send(request)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(connection, str(error))
            return
        if sent < len(request):
            connection.unsent = memoryview(request)[sent:]
            connection.writing = True
            self._poller.modify(connection.link.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _send_more(self, connection: _Connection) -> None:
        try:
            connection.unsent = connection.unsent[connection.link.send(connection.unsent) :]
        except BlockingIOError:
            return
        except OSError:
            # The server may have answered before it had all: what it said is still to be read.
            connection.unsent = memoryview(b"")
        if not connection.unsent:
            connection.writing = False
            self._poller.modify(connection.link.fileno(), select.EPOLLIN)

    def _take(self, connection: _Connection, data: bytes) -> None:
        """The unusual case: a part of an answer, or one that is not known yet."""
        buffer = connection.buffer
        buffer += data
        try:
            connection.expected = connection.expected or needed(buffer)
            if not connection.expected or len(buffer) < connection.expected:
                return
            if len(buffer) > connection.expected:
                raise UnreadableAnswerError("more bytes than the answer has")
        except (UnreadableAnswerError, ValueError) as error:
            self._lost(connection, str(error))
            return
        taken = time.perf_counter() - connection.started
        answer = read(buffer)
        exchange = connection.exchange
        if fault := exchange.expected.fault(answer):
            self.deviations.append(f"{exchange.name}: {fault}")
        else:
            self.latencies.append(taken)
        connection.buffer = bytearray()
        connection.expected = 0
        following = next(self._exchanges, None)
        if following is None or answer.closes or exchange.ending is not Ending.KEEP:
            self._close(connection)
            if following is not None:
                self._begin(following)
        else:
            self._send(connection, following)

    def _lost(self, connection: _Connection, why: str) -> None:
        self.deviations.append(f"{connection.exchange.name}: {why}")
        self._close(connection)
        self._begin(None)

    def _close(self, connection: _Connection) -> None:
        number = connection.link.fileno()
        self._poller.unregister(number)
        del self._open[number]
        connection.link.close()
