"""Accepts connections, so that workers which share a listening socket get even shares of them.

The kernel wakes every worker that waits, and the fastest would take all of a burst. A client that
keeps its connection then stays with that worker, while another one has nothing to do.
"""

import asyncio
import mmap
import socket
from collections.abc import Callable

from plumbing import door

_POLITE_SECONDS = 0.002  # in which a worker that has fewer connections may take the next one
_ITEM = 4  # bytes of a C int


class Shares:
    """How many connections each worker has; made before the workers are forked, seen by all."""

    def __init__(self, workers: int) -> None:
        self._counts = memoryview(mmap.mmap(-1, workers * _ITEM)).cast("i")

    def set(self, worker: int, count: int) -> None:
        self._counts[worker] = count

    def least(self) -> int:
        """What the worker has that has fewest."""
        return min(self._counts)


class Acceptor:
    """Accepts one connection at a time and gives it to ``welcome``, until it is closed."""

    def __init__(
        self,
        listener: socket.socket,
        welcome: Callable[[socket.socket], None],
        has_more_than_another: Callable[[], bool],
    ) -> None:
        self._listener = listener
        self._welcome = welcome
        self._has_more = has_more_than_another
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(listener, self._somebody_waits)

    def _somebody_waits(self) -> None:
        if self._has_more():
            self._loop.remove_reader(self._listener)
            self._pause = self._loop.call_later(_POLITE_SECONDS, self._go_on)
        else:
            self._accept()

    def _go_on(self) -> None:
        self._pause = None
        self._accept()
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
