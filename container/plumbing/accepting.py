"""Accepts connections, so that workers which share a listening socket get even shares of them.

The kernel wakes every worker that waits, and the fastest would take all of a burst. A client that
keeps its connection then stays with that worker, while another one has nothing to do.
"""

import asyncio
import mmap
import socket
from collections.abc import Callable

from plumbing import door

_POLITE_SECONDS = 0.01  # in which a worker that has fewer connections may take the next one
_ITEM = 4  # bytes of a C int


class Shares:
    """How many connections each worker has; made before the workers are forked, seen by all."""

    def __init__(self, workers: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, workers * _ITEM)).cast("i")

    def set(self, worker: int, count: int) -> None:
        self._counts[worker] = count

    def all(self) -> list[int]:
        return self._counts.tolist()


class Acceptor:
    """Accepts one connection at a time and gives it to ``welcome``, until it is closed."""

    def __init__(
        self,
        listener: socket.socket,
        welcome: Callable[[socket.socket], None],
        *,
        shares: Shares,
        worker: int,
    ) -> None:
        self._listener = listener
        self._welcome = welcome
        self._shares = shares
        self._worker = worker
        self._passed_over: list[int] = []  # the counts when another did not take its turn
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(listener, self._somebody_waits)

    def _somebody_waits(self) -> None:
        counts = self._shares.all()
        mine = counts[self._worker]
        counts[self._worker] = 0
        if mine > min(self._shares.all()) and counts != self._passed_over:
            self._loop.remove_reader(self._listener)
            self._pause = self._loop.call_later(_POLITE_SECONDS, self._go_on, counts)
        else:
            self._accept()

    def _go_on(self, before: list[int]) -> None:
        """The others had ``before``; who has as many now is busy, and not waited for again."""
        self._pause = None
        counts = self._shares.all()
        counts[self._worker] = 0
        if counts == before:
            self._passed_over = before
        self._loop.add_reader(self._listener, self._somebody_waits)

    def _accept(self) -> None:
        connection = door.accept(self._listener)
        if connection is not None:
            self._welcome(connection)

    def close(self) -> None:
        """Stops accepting, after accepting all who wait, and closes the listening socket."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        while (connection := door.accept(self._listener)) is not None:
            self._welcome(connection)
        self._listener.close()
