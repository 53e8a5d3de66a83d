"""One connection to a client: requests in, answers out, in order."""

import asyncio
import gc
from collections.abc import Awaitable
from http import HTTPStatus
from time import perf_counter
from typing import cast

from plumbing import http_head
from plumbing.http_answer import SEPARATE_BYTES, Response, failure
from plumbing.http_body import Body, body
from plumbing.http_head import END, HEAD_BYTES, Head, HttpError
from plumbing.http_link import ANSWERING, ENDED, NO_ROOM, YIELDING, Link

Content = bytes | bytearray

# Bodies up to this size are worked on at once; bigger ones wait for room first.
INLINE_BYTES = 64 * 1024
_TURN = 64  # requests that came at once and are answered before others have their turn


class Connection(Link):
    """Reads requests and writes the handler's answers."""

    __slots__ = ()

    def admitted(self, room: int) -> None:
        """There is room now for the body that waited."""
        self.reserved = room
        if not self.rest:
            self._invite()
        if self.answers:
            self.write()
        self.go_on(NO_ROOM)

    def consume(self, data: bytes, known: int) -> None:
        """Answers what is complete in ``data``, of which ``known`` bytes have been here before."""
        start, size = 0, len(data)
        try:
            while start < size:
                if self.halted:
                    self.rest = b"" if self.halted & ENDED else data[start:]
                    break
                if self.body is not None:
                    start = self._collect(self.body, data, start)
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
            self.refuse(failure(error.status, str(error)))
        else:
            if self.answers:
                self.write()

    def _keep(self, rest: bytes, *, fresh: bool) -> None:
        """Keeps the beginning of a head for when more of it has come."""
        if len(rest) > HEAD_BYTES:
            raise http_head.too_long()
        if fresh:
            self.since = self.server.ticks
        if rest != b"\r\n":  # some clients send one line end too many after a body
            self.rest = rest

    # Bodies that have not come as a whole, or are large.

    def _begin_body(self, head: Head, *, comes: bool) -> None:
        length = head.length or 0
        self.since = self.server.ticks
        self.body = body(head)
        self.server.check_size(length)
        if head.expects_continue or length > INLINE_BYTES:
            self._admit(head, large=length > INLINE_BYTES)
        if not comes and not self.halted:
            self._invite()

    def _invite(self) -> None:
        # Who has begun to send the body has been invited, or did not wait for it.
        if self.body is not None and self.body.head.expects_continue and not self.body.content:
            self.answers.append(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _admit(self, head: Head, *, large: bool) -> None:
        """Refuses a request before its body has come, or lets a large one wait for room."""
        server = self.server
        refusal = server.refuse(head) if server.refuse else None
        if refusal is not None:
            self.refuse(refusal)
        elif large and not self.reserved:
            wanted = server.room.share(head.length)
            if server.room.take(self, wanted):
                self.reserved = wanted
            else:
                self.halt(NO_ROOM)

    def _collect(self, body: Body, data: bytes, start: int) -> int:
        start = body.take(data, start)
        size = len(body.content)
        if body.head.length is None:
            self.server.check_size(size)
        if body.complete:
            self.body = None
            self._answer(body.head, body.content, more=start < len(data))
        elif size > INLINE_BYTES and not self.reserved:
            self._admit(body.head, large=True)
        return start

    # Answers.

    def _answer(self, head: Head, content: Content, *, more: bool) -> None:
        started = perf_counter()
        try:
            response = self.server.handler(head, content)
        except Exception as error:
            response = self.server.failed(head, error)
        if type(response) is Response:
            self._finish(head, response, started, received=len(content), more=more)
            if self.reserved:
                self.answered()
        else:
            self.halt(ANSWERING)
            later = self._answer_later(head, cast(Awaitable[Response], response), started, content)
            self.server.keep(asyncio.get_running_loop().create_task(later))

    async def _answer_later(
        self, head: Head, coming: Awaitable[Response], started: float, content: Content
    ) -> None:
        received = len(content)
        del content
        try:
            response = await coming
        except Exception as error:
            response = self.server.failed(head, error)
        if response.status >= HTTPStatus.BAD_REQUEST:
            gc.collect()  # an error can hold itself, and with it the body, in a circle
        self.answered()
        if self.halted & ENDED:  # nobody is there to read it
            return
        self.halted &= ~ANSWERING
        self._finish(head, response, started, received=received, more=bool(self.rest))
        self.write()
        self.go_on(ANSWERING)

    def _finish(
        self, head: Head, response: Response, started: float, *, received: int, more: bool
    ) -> None:
        """Renders an answer, to be written next; ``more`` if another request is already here."""
        server, content = self.server, response.body
        if response.counted:
            server.log.record(response.status, perf_counter() - started, received, len(content))
        self.since = server.ticks
        connection, answers = head.connection, self.answers
        if not head.keep_alive or (server.draining and not more and not self.has_more()):
            connection = b"connection: close\r\n"
            self.last = True
            self.halted |= YIELDING  # whatever else has come is not worked on
        if connection or response.headers or len(content) > SEPARATE_BYTES or head.method == "HEAD":
            answers.append(server.writer.head(response, connection))
            if head.method != "HEAD":
                answers.append(content)
        else:
            answers.append(server.writer.whole(response))
        if len(answers) >= _TURN and not self.halted:
            self.halt(YIELDING)
            asyncio.get_running_loop().call_soon(self.go_on, YIELDING)
