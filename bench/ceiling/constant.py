"""The container's own HTTP server in front of nothing: every request gets the same answer.

It runs in the model image: what serving one row can reach at most, with parsing, predicting and
writing for nothing.
"""

import asyncio
import os
import signal
import socket

import uvloop
from plumbing import door, http_server
from plumbing.http_answer import Response
from plumbing.http_connection import Content
from plumbing.http_head import Head
from plumbing.serving_settings import ServingSettings

_BODY = b"setosa\n"  # what a row of the sample gets


def _answer(_head: Head, _content: Content) -> Response:
    return Response(200, "text/csv", _BODY)


async def _serve(listener: socket.socket) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await http_server.serve(listener, _answer, stop)


def main() -> None:
    """As many processes as `serve` has, on one listening socket."""
    settings = ServingSettings.from_environment()
    listener = door.listen(settings.host, settings.port)
    for _ in range(settings.workers - 1):
        if os.fork() == 0:
            break
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(listener))


if __name__ == "__main__":
    main()
