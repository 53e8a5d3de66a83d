"""One connection to a client: requests in, answers out, in order."""

import asyncio
import fcntl
import gc
import termios
from array import array
from collections.abc import Awaitable
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, cast

from plumbing import http_head
from plumbing.http_answer import SEPARATE_BYTES, Response, failure
from plumbing.http_body import Body, body
from plumbing.http_head import END, HEAD_BYTES, Head, HttpError

if TYPE_CHECKING:
    from plumbing.http_server import Server

Content = bytes | bytearray

# Bodies up to this size are worked on at once; bigger ones wait for room first.
INLINE_BYTES = 64 * 1024
_TURN = 64  # requests that came at once and are answered before others have their turn

# Why a connection reads nothing for now; the last one lasts.
_ANSWERING, _UNWRITABLE, _NO_ROOM, _YIELDING, _ENDED = 1, 2, 4, 8, 16

# Seconds, measured in the server's ticks.
_HEAD_SECONDS = 20  # from the first byte of a head to its last
_BODY_SECONDS = 20  # for a body, and more for a large one:
_BODY_BYTES_PER_SECOND = 16 * 1024
_IDLE_SECONDS = 75  # between requests
_UNREAD_SECONDS = 60  # while the client reads nothing of its answer
_LINGER_SECONDS = 2  # for what the client still sends after the last answer, if it pauses;
_LINGER_SECONDS_IN_ALL = 30  # if it goes on


class Connection(asyncio.Protocol):
    """Reads requests and writes the handler's answers.

    After the last answer the connection is closed for writing only, and what the client still sends
    is thrown away: closing at once would reset the connection, and the client might never see the
    answer (https://www.rfc-editor.org/rfc/rfc9112#section-9.6).
    """

    __slots__ = (
        "_answers",
        "_body",
        "_end_by",
        "_halted",
        "_last",
        "_owed",
        "_reserved",
        "_rest",
        "_server",
        "_since",
        "_transport",
        "_unsent",
    )

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # until it is made
        self._rest = b""  # what has come and has not been worked on
        self._body: Body | None = None  # the one that is under way
        self._answers: list[bytes] = []  # not yet written
        self._last = False  # the answer that closes the connection is among them, or written
        self._halted = 0
        self._reserved = 0  # bytes of the server's room, for the body that is under way
        self._owed = 0  # the same, for answers that are being written
        self._since = 0  # the tick at which what is going on began
        self._unsent = 0  # bytes, when last looked at
        self._end_by = 0

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._since = self._server.ticks
        self._server.joined(self)

    def data_received(self, data: bytes) -> None:
        known = len(self._rest)
        if known:
            data = self._rest + data
            self._rest = b""
        if not self._halted:
            self._consume(data, known)
        elif self._halted & _ENDED:
            self._since = self._server.ticks
        else:
            self._rest = data

    def eof_received(self) -> bool:
        return False  # nothing that is complete waits here: close, after writing what there is

    def pause_writing(self) -> None:
        self._halt(_UNWRITABLE)

    def resume_writing(self) -> None:
        self._pay()
        self._go_on(_UNWRITABLE)

    def connection_lost(self, _error: Exception | None) -> None:
        self._server.left(self)
        self._server.room.forget(self)
        self._pay()
        if not self._halted & _ANSWERING:  # else its body is still being worked on
            self._server.room.give(self._reserved)
            self._reserved = 0
        self._halted |= _ENDED
        self._rest, self._body = b"", None

    # What the server calls.

    def admitted(self, room: int) -> None:
        """There is room now for the body that waited."""
        self._reserved = room
        if not self._rest:
            self._invite()
        if self._answers:
            self._write()
        self._go_on(_NO_ROOM)

    def check(self) -> None:
        """Once in a tick: ends what takes too long."""
        now, transport = self._server.ticks, self._transport
        unsent = transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._since = unsent, now
        waited = now - self._since
        if unsent:
            if waited > _UNREAD_SECONDS:
                transport.abort()
        elif self._halted & _ENDED:
            if waited > _LINGER_SECONDS or now > self._end_by:
                transport.abort()
        elif self._halted:
            pass  # it waits for us
        elif self._body is not None:
            received = len(self._body.content)
            if waited > _BODY_SECONDS + received // _BODY_BYTES_PER_SECOND:
                self._refuse(failure(HTTPStatus.REQUEST_TIMEOUT, "The body came too slowly."))
        elif self._rest:
            if waited > _HEAD_SECONDS:
                self._refuse(failure(HTTPStatus.REQUEST_TIMEOUT, "The request came too slowly."))
        elif waited > _IDLE_SECONDS:
            self.end_if_idle()

    def end_if_idle(self) -> None:
        """Ends the connection if no part of a request is there."""
        if not (self._halted or self._rest or self._body or self._has_more()):
            self._end()

    def abort(self) -> None:
        """Ends the connection whatever is under way."""
        self._transport.abort()

    # Requests.

    def _consume(self, data: bytes, known: int) -> None:
        """Answers what is complete in ``data``, of which ``known`` bytes have been here before."""
        start, size = 0, len(data)
        try:
            while start < size:
                if self._halted:
                    self._rest = b"" if self._halted & _ENDED else data[start:]
                    break
                if self._body is not None:
                    start = self._collect(self._body, data, start)
                    continue
                end = data.find(END, start) + len(END)
                if end < len(END):
                    self._keep(data[start:], fresh=start > 0 or not known)
                    break
                head = http_head.read(data[start:end])
                start = end
                if head.length is None or head.length > min(size - end, INLINE_BYTES):
                    self._begin_body(head, comes=end < size)
                else:
                    start = end + head.length
                    self._answer(head, data[end:start], more=start < size)
        except HttpError as error:
            self._refuse(failure(error.status, str(error)))
        else:
            if self._answers:
                self._write()

    def _keep(self, rest: bytes, *, fresh: bool) -> None:
        """Keeps the beginning of a head for when more of it has come."""
        if len(rest) > HEAD_BYTES:
            raise http_head.too_long()
        if fresh:
            self._since = self._server.ticks
        if rest != b"\r\n":  # some clients send one line end too many after a body
            self._rest = rest

    def _begin_body(self, head: Head, *, comes: bool) -> None:
        length = head.length or 0
        self._server.check_size(length)
        self._since = self._server.ticks
        self._body = body(head)
        if head.expects_continue or length > INLINE_BYTES:
            self._admit(head, large=length > INLINE_BYTES)
        if not comes and not self._halted:
            self._invite()

    def _invite(self) -> None:
        if self._body is not None and self._body.head.expects_continue:
            self._answers.append(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _admit(self, head: Head, *, large: bool) -> None:
        """Refuses a request before its body has come, or lets a large one wait for room."""
        server = self._server
        refusal = server.refuse(head) if server.refuse else None
        if refusal is not None:
            self._refuse(refusal)
        elif large and not self._reserved:
            wanted = server.room.share(head.length)
            if server.room.take(self, wanted):
                self._reserved = wanted
            else:
                self._halt(_NO_ROOM)

    def _collect(self, body: Body, data: bytes, start: int) -> int:
        start = body.take(data, start)
        size = len(body.content)
        if body.head.length is None:
            self._server.check_size(size)
        if body.complete:
            self._body = None
            self._answer(body.head, body.content, more=start < len(data))
        elif size > INLINE_BYTES and not self._reserved:
            self._admit(body.head, large=True)
        return start

    def _answer(self, head: Head, content: Content, *, more: bool) -> None:
        started = perf_counter()
        try:
            response = self._server.handler(head, content)
        except Exception as error:
            response = self._server.failed(head, error)
        if type(response) is Response:
            self._finish(head, response, started, received=len(content), more=more)
        else:
            self._halt(_ANSWERING)
            later = self._answer_later(head, cast(Awaitable[Response], response), started, content)
            self._server.keep(asyncio.get_running_loop().create_task(later))

    async def _answer_later(
        self, head: Head, coming: Awaitable[Response], started: float, content: Content
    ) -> None:
        received = len(content)
        del content
        try:
            response = await coming
        except Exception as error:
            response = self._server.failed(head, error)
        if response.status >= HTTPStatus.BAD_REQUEST:
            gc.collect()  # an error can hold itself, and with it the body, in a circle
        self._owed, self._reserved = self._owed + self._reserved, 0
        if self._halted & _ENDED:  # nobody is there to read it
            self._pay()
            return
        self._halted &= ~_ANSWERING
        self._finish(head, response, started, received=received, more=bool(self._rest))
        self._write()
        self._go_on(_ANSWERING)

    # Answers.

    def _finish(
        self, head: Head, response: Response, started: float, *, received: int, more: bool
    ) -> None:
        """Renders an answer, to be written next; ``more`` if another request is already here."""
        server, content = self._server, response.body
        if response.counted:
            server.log.record(response.status, perf_counter() - started, received, len(content))
        self._since = server.ticks
        connection, answers = head.connection, self._answers
        if not head.keep_alive or (server.draining and not more and not self._has_more()):
            connection = b"connection: close\r\n"
            self._last = True
            self._halted |= _YIELDING  # whatever else has come is not worked on
        if connection or response.headers or len(content) > SEPARATE_BYTES or head.method == "HEAD":
            answers.append(server.writer.head(response, connection))
            if head.method != "HEAD":
                answers.append(content)
        else:
            answers.append(server.writer.whole(response))
        if len(answers) >= _TURN and not self._halted:
            self._halt(_YIELDING)
            asyncio.get_running_loop().call_soon(self._go_on, _YIELDING)

    def _refuse(self, response: Response) -> None:
        """Answers what is no request, or will not be taken; what follows it is thrown away."""
        self._server.log.record(response.status, 0.0, 0, len(response.body))
        self._answers.append(self._server.writer.head(response, b"connection: close\r\n"))
        self._answers.append(response.body)
        self._last = True
        self._write()

    def _write(self) -> None:
        answers, transport = self._answers, self._transport
        self._answers = []
        if transport.is_closing():
            return
        if len(answers) == 1:
            transport.write(answers[0])
        else:
            transport.writelines(answers)
        if self._owed and not self._halted & _UNWRITABLE:
            self._pay()
        if self._last:
            self._end()

    def _pay(self) -> None:
        owed, self._owed = self._owed, 0
        self._server.room.give(owed)

    def _end(self) -> None:
        if self._transport.is_closing():
            return
        self._halted = _ENDED
        self._rest, self._body = b"", None
        self._server.room.give(self._reserved)
        self._reserved = 0
        self._since = self._server.ticks
        self._end_by = self._since + _LINGER_SECONDS_IN_ALL
        self._transport.write_eof()
        self._transport.resume_reading()

    # Waiting.

    def _halt(self, why: int) -> None:
        if not self._halted & _ENDED:
            self._halted |= why
            self._transport.pause_reading()

    def _go_on(self, why: int) -> None:
        self._halted &= ~why
        if self._halted:
            return
        rest, self._rest = self._rest, b""
        if rest:
            self._consume(rest, 0)
        if not self._halted:
            self._transport.resume_reading()

    def _has_more(self) -> bool:
        """Whether something lies in the socket that has not been read."""
        waiting = array("i", [0])
        fcntl.ioctl(self._transport.get_extra_info("socket"), termios.FIONREAD, waiting)
        return waiting[0] > 0
