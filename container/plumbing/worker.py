"""A process that serves: an event loop that accepts from the shared socket until it is stopped."""

import asyncio
import contextlib
import ctypes
import signal
import socket
from collections.abc import Iterable
from typing import Any

import uvloop

from plumbing import doorman, log
from plumbing.accepting import Shares
from plumbing.http_answer import Response, failure
from plumbing.http_connection import Content
from plumbing.http_head import Head
from plumbing.http_server import Application, serve

STOPS = (signal.SIGTERM, signal.SIGINT)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_OWN_MAPPING_BYTES = 1024 * 1024
_SPARE_BYTES = 4 * 1024 * 1024


def work(
    application: Application,
    listener: socket.socket,
    *,
    limit: int,
    guests: Iterable[socket.socket] = (),
    shares: Shares | None = None,
    number: int = 0,
    stopped: bool = False,
) -> None:
    """Serves until SIGTERM or SIGINT, which may be blocked until now; not at all if ``stopped``.

    The other arguments are those of ``http_server.serve``; ``number`` is the worker's.
    """

    _give_back_large_blocks()

    async def run() -> None:
        stop = asyncio.Event()
        if stopped:
            stop.set()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_failure)
        for signal_number in STOPS:
            loop.add_signal_handler(signal_number, stop.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        await serve(
            listener, application, stop, limit=limit, guests=guests, shares=shares, worker=number
        )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def _give_back_large_blocks() -> None:
    """Bodies and answers leave no memory behind.

    By itself, glibc takes blocks of up to 32 MB from its heaps once such a one has been freed, and
    the holes they leave are hardly ever given back: https://man7.org/linux/man-pages/man3/mallopt.3.html
    Told otherwise, it also gives back the last free bytes of a heap each time, and would ask for
    them again with the next block of rows: a few megabytes stay.
    """
    with contextlib.suppress(AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _OWN_MAPPING_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _SPARE_BYTES)


def log_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Asyncio would write the exception's text and arguments, which may be a request's data."""
    log.error("event loop failed", context.get("exception"))


def unready(message: str) -> Application:
    """Answers 503 to everything, with a reason."""

    def refuse(head: Head) -> Response:
        response = failure(503, message)
        response.counted = head.path != "/ping"
        return response

    def handler(head: Head, _content: Content) -> Response:
        return refuse(head)

    return Application(handler, refuse)


def send_away(listener: socket.socket, guests: Iterable[socket.socket]) -> None:
    """Tells everybody who waits that there is nothing to wait for, and ends."""
    work(unready(doorman.LOADING), listener, limit=0, guests=guests, stopped=True)
