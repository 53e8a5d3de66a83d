"""What lies under requests and answers: reading and writing in turn, waiting, and a good end."""

import asyncio
import fcntl
import termios
from array import array
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from plumbing.http_answer import Response, failure
from plumbing.http_body import Body

if TYPE_CHECKING:
    from plumbing.http_server import Server

# Why a connection reads nothing for now; the last one lasts.
ANSWERING, UNWRITABLE, NO_ROOM, YIELDING, ENDED = 1, 2, 4, 8, 16

# Seconds, measured in the server's ticks.
_HEAD_SECONDS = 20  # from the first byte of a head to its last
_BODY_SECONDS = 20  # for a body, and more for a large one:
_BODY_BYTES_PER_SECOND = 128 * 1024
_IDLE_SECONDS = 75  # between requests
_UNREAD_SECONDS = 60  # while the client reads nothing of its answer
_LINGER_SECONDS = 2  # for what the client still sends after the last answer, if it pauses;
_LINGER_SECONDS_IN_ALL = 30  # if it goes on


class Link(asyncio.Protocol):
    """A connection apart from what the requests mean, which ``consume`` has to know.

    After the last answer the connection is closed for writing only, and what the client still sends
    is thrown away: closing at once would reset the connection, and the client might never see the
    answer (https://www.rfc-editor.org/rfc/rfc9112#section-9.6).
    """

    __slots__ = (
        "_end_by",
        "_owed",
        "_unsent",
        "answers",
        "body",
        "halted",
        "last",
        "reserved",
        "rest",
        "server",
        "since",
        "transport",
    )

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # until it is made
        self.rest = b""  # what has come and has not been worked on
        self.body: Body | None = None  # the one that is under way
        self.answers: list[bytes] = []  # not yet written
        self.last = False  # the answer that ends the connection is among them, or written
        self.halted = 0
        self.reserved = 0  # bytes of the server's room, for the body that is under way
        self.since = 0  # the tick at which what is going on began
        self._owed = 0  # bytes of the server's room, for answers that are being written
        self._unsent = 0  # bytes, when last looked at
        self._end_by = 0

    def consume(self, data: bytes, known: int) -> None:
        """Works on ``data``, of which ``known`` bytes have been here before; see ``Connection``."""
        raise NotImplementedError  # a link by itself knows no requests

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.since = self.server.ticks
        self.server.joined(self)

    def data_received(self, data: bytes) -> None:
        known = len(self.rest)
        if known:
            data = self.rest + data
            self.rest = b""
        if not self.halted:
            self.consume(data, known)
        elif self.halted & ENDED:
            self.since = self.server.ticks
        else:
            self.rest = data

    def eof_received(self) -> bool:
        return False  # nothing that is complete waits here: close, after writing what there is

    def pause_writing(self) -> None:
        self.halt(UNWRITABLE)

    def resume_writing(self) -> None:
        self._pay()
        self.go_on(UNWRITABLE)

    def connection_lost(self, _error: Exception | None) -> None:
        self.server.left(self)
        self._pay()
        if not self.halted & ANSWERING:  # else its body is still being worked on
            self.server.room.give(self.reserved)
            self.reserved = 0
        self.halted |= ENDED
        self.rest, self.body = b"", None

    # Waiting.

    def halt(self, why: int) -> None:
        """Reads nothing until ``go_on`` is called for each reason."""
        if not self.halted & ENDED:
            self.halted |= why
            self.transport.pause_reading()

    def go_on(self, why: int) -> None:
        """Goes on with what has come meanwhile, if there is no other reason to wait."""
        self.halted &= ~why
        if self.halted:
            return
        rest, self.rest = self.rest, b""
        if rest:
            self.consume(rest, 0)
        if not self.halted:
            self.transport.resume_reading()

    def has_more(self) -> bool:
        """Whether something lies in the socket that has not been read."""
        waiting = array("i", [0])
        fcntl.ioctl(self.transport.get_extra_info("socket"), termios.FIONREAD, waiting)
        return waiting[0] > 0

    def check(self) -> None:
        """Once in a tick: ends what takes too long."""
        now, transport = self.server.ticks, self.transport
        unsent = transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self.since = unsent, now
        waited = now - self.since
        if unsent:
            if waited > _UNREAD_SECONDS:
                transport.abort()
        elif self.halted & ENDED:
            if waited > _LINGER_SECONDS or now > self._end_by:
                transport.abort()
        elif self.halted:
            pass  # it waits for us
        elif self.body is not None:
            received = len(self.body.content)
            if waited > _BODY_SECONDS + received // _BODY_BYTES_PER_SECOND:
                self.refuse(failure(HTTPStatus.REQUEST_TIMEOUT, "The body came too slowly."))
        elif self.rest:
            if waited > _HEAD_SECONDS:
                self.refuse(failure(HTTPStatus.REQUEST_TIMEOUT, "The request came too slowly."))
        elif waited > _IDLE_SECONDS:
            self.end_if_idle()

    # Writing, and the end.

    def refuse(self, response: Response) -> None:
        """Answers what is no request, or will not be taken; what follows it is thrown away."""
        self.server.log.record(response.status, 0.0, 0, len(response.body))
        self.answers.append(self.server.writer.head(response, b"connection: close\r\n"))
        if self.body is None or self.body.head.method != "HEAD":
            self.answers.append(response.body)
        self.last = True
        self.write()

    def write(self) -> None:
        """Writes the answers that there are."""
        answers, transport = self.answers, self.transport
        self.answers = []
        if transport.is_closing():
            return
        if len(answers) == 1:
            transport.write(answers[0])
        else:
            transport.writelines(answers)
        if self._owed and not self.halted & UNWRITABLE:
            self._pay()
        if self.last:
            self._end()

    def answered(self) -> None:
        """The body has been worked on; its room is given back when the answer is on its way."""
        self._owed, self.reserved = self._owed + self.reserved, 0
        if self.halted & ENDED:
            self._pay()

    def _pay(self) -> None:
        owed, self._owed = self._owed, 0
        self.server.room.give(owed)

    def end_if_idle(self) -> None:
        """Ends the connection if no part of a request is there."""
        if not (self.halted or self.rest or self.body or self.has_more()):
            self._end()

    def abort(self) -> None:
        """Ends the connection whatever is under way."""
        self.transport.abort()

    def _end(self) -> None:
        if self.transport.is_closing():
            return
        self.halted = ENDED
        self.rest, self.body = b"", None
        self.server.room.give(self.reserved)
        self.reserved = 0
        self.since = self.server.ticks
        self._end_by = self.since + _LINGER_SECONDS_IN_ALL
        self.transport.write_eof()
        self.transport.resume_reading()
