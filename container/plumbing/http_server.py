"""An HTTP/1.1 server on one listening socket that several processes may share.

``serve`` answers with any application until it is told to stop; what was sent by then is answered.
"""

import asyncio
import contextlib
import socket
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus

from plumbing import door, log
from plumbing.accepting import Acceptor, Shares
from plumbing.http_answer import Response, Writer, failure
from plumbing.http_connection import Connection, Content
from plumbing.http_head import Head, HttpError
from plumbing.http_link import Link
from plumbing.request_log import RequestLog

MEBIBYTE = 1024 * 1024
DRAIN_SECONDS = 20  # for requests under way; SageMaker kills 30 s after SIGTERM
_GRACE_SECONDS = 1.0  # in which a request that is just being sent is still answered
_LAST_GUESTS_SECONDS = 0.25  # in which connections that are just being made are accepted
_LOOK_SECONDS = 0.02
_LOG_SECONDS = 60
_LEAST_ROOM = 64 * MEBIBYTE  # for bodies at once, where the limit is small
_ROOM_WITHOUT_LIMIT = 200 * MEBIBYTE

# The content is complete; it is small enough to be worked on at once, or the answer is awaited.
Handler = Callable[[Head, Content], Response | Awaitable[Response]]
# Says from its head alone that a request will not be taken, or None.
Refuse = Callable[[Head], Response | None]


@dataclass(frozen=True)
class Application:
    """What a server serves; ``refuse`` spares it the bodies of requests that it will not take."""

    handler: Handler
    refuse: Refuse | None = None


class Room:
    """Memory for large bodies: who wants more than is free waits, in order."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._waiting: deque[tuple[Connection, int]] = deque()

    def share(self, length: int | None, /) -> int:
        """What a body of this length takes; None for one that does not say it."""
        return min(length or self._size // 2, self._size)

    def take(self, who: Connection, size: int) -> bool:
        """Takes ``size`` bytes, or says False and calls ``who.admitted`` when they are free."""
        if not self._waiting and size <= self._free:
            self._free -= size
            return True
        self._waiting.append((who, size))
        return False

    def give(self, size: int) -> None:
        """Gives back ``size`` bytes."""
        self._free += size
        while self._waiting and self._waiting[0][1] <= self._free:
            who, wanted = self._waiting.popleft()
            self._free -= wanted
            who.admitted(wanted)

    def forget(self, who: Link) -> None:
        """Whoever is gone waits no more."""
        if any(waiting is who for waiting, _ in self._waiting):
            self._waiting = deque(each for each in self._waiting if each[0] is not who)
            self.give(0)


class Server:
    """What the connections of one process share; times are in ticks, of a second each."""

    def __init__(
        self,
        application: Application,
        *,
        limit: int,
        shares: Shares | None = None,
        worker: int = 0,
    ) -> None:
        self.handler = application.handler
        self.refuse = application.refuse
        self.log = RequestLog()
        self.writer = Writer()
        self.room = Room(max(2 * limit, _LEAST_ROOM) if limit else _ROOM_WITHOUT_LIMIT)
        self.connections: set[Link] = set()
        self.draining = False
        self.ticks = 1
        self._limit = limit
        self._shares = shares or Shares(1)
        self._worker = worker
        self._tasks: set[asyncio.Task[None]] = set()

    def joined(self, connection: Link) -> None:
        """A connection begins."""
        self.connections.add(connection)
        self._shares.set(self._worker, len(self.connections))

    def left(self, connection: Link) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        self.room.forget(connection)
        self._shares.set(self._worker, len(self.connections))

    def keep(self, task: asyncio.Task[None]) -> None:
        """Keeps a task until it has ended; the event loop alone does not."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def check_size(self, size: int) -> None:
        """Raises HttpError for a body larger than the limit."""
        if self._limit and size > self._limit:
            raise HttpError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"The body is larger than {self._limit // MEBIBYTE} MB. Send fewer rows at once.",
            )

    def failed(self, head: Head, error: Exception) -> Response:
        """The answer where the handler raised; the log gets the reason."""
        log.error("request failed", error, path=head.path)
        return failure(500, "The prediction failed. The log says why.")

    async def tick(self) -> None:
        """Once a second: the time in the answers, what takes too long, the log."""
        while True:
            await asyncio.sleep(1)
            self.look()
            if self.ticks % _LOG_SECONDS == 0:
                self.log.write()

    def look(self) -> None:
        """One tick of it; a connection that cannot be looked at is ended, the others go on."""
        self.ticks += 1
        self.writer.renew()
        for connection in list(self.connections):
            try:
                connection.check()
            except Exception as error:
                log.error("connection failed", error)
                connection.abort()

    async def drain(self, began: float) -> None:
        """Ends the connections, each after its last answer; idle ones get a grace."""
        while time.monotonic() < began + DRAIN_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self.connections:
                return
            if time.monotonic() > began + _GRACE_SECONDS:
                for connection in list(self.connections):
                    connection.end_if_idle()
        for connection in list(self.connections):
            connection.abort()


async def serve(
    listener: socket.socket,
    application: Application,
    stop: asyncio.Event,
    *,
    limit: int = 0,
    guests: Iterable[socket.socket] = (),
    shares: Shares | None = None,
    worker: int = 0,
) -> None:
    """Serves until ``stop`` is set and everything that was sent by then has been answered.

    The listening socket, non-blocking, is closed at the end. ``limit`` is in bytes, 0 for none.
    ``guests`` are connections that were accepted before. ``shares`` is what workers have in common,
    this one's number there is ``worker``. Large bodies are handed over as ``bytearray``; the
    handler returns an awaitable for what takes long.
    """
    loop = asyncio.get_running_loop()
    shares = shares or Shares(1)
    server = Server(application, limit=limit, shares=shares, worker=worker)

    async def connect(accepted: socket.socket) -> None:
        with contextlib.suppress(OSError):  # gone already
            await loop.connect_accepted_socket(lambda: Connection(server), accepted)

    def welcome(accepted: socket.socket) -> None:
        server.keep(loop.create_task(connect(accepted)))

    for guest in guests:
        guest.setblocking(False)
        welcome(guest)
    acceptor = Acceptor(listener, welcome, shares=shares, worker=worker)
    ticking = loop.create_task(server.tick())
    await stop.wait()
    began = time.monotonic()
    server.draining = True
    door.shut(listener)
    await asyncio.sleep(_LAST_GUESTS_SECONDS)
    acceptor.close()
    await server.drain(began)
    ticking.cancel()
    server.log.write()
