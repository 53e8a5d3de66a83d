"""Runs the inference application: one listening socket, one worker process a CPU.

SIGTERM lets requests under way finish, then ends with 0:
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from types import FrameType
from typing import Any

import uvicorn
import uvloop

from plumbing import log
from plumbing.inference_app import InferenceApp
from plumbing.lifeline import Lifeline
from plumbing.paths import MlPaths
from plumbing.serving_settings import ServingSettings

DRAIN_SECONDS = 20  # for requests under way; SageMaker kills 30 s after SIGTERM
KEEP_ALIVE_SECONDS = 75
STOPS = (signal.SIGTERM, signal.SIGINT)


def run(settings: ServingSettings, paths: MlPaths) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    try:
        listener = socket.create_server(
            (settings.host, settings.port), backlog=2048, reuse_port=False
        )
    except OSError as error:
        print(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Free the port or set SAGEMAKER_BIND_TO_PORT to another.",
            file=sys.stderr,
        )
        return 1
    supervisor = _Supervisor(settings, paths, listener)
    supervisor.run()
    return 0


class _Supervisor:
    """Keeps ``settings.workers`` workers alive until it is told to stop."""

    def __init__(self, settings: ServingSettings, paths: MlPaths, listener: socket.socket) -> None:
        self._settings = settings
        self._paths = paths
        self._listener = listener
        self._lifeline = Lifeline()
        self._started: dict[int, float] = {}  # worker process -> when it was started
        self._stopping = False

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        for number in STOPS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._kill)
        for _ in range(self._settings.workers):
            self._start_worker()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        while self._started:
            worker, status = os.wait()
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # no stop between look and fork
            started = self._started.pop(worker, None)
            if started is not None and not self._stopping:  # None: an orphan that init reaps
                code = os.waitstatus_to_exitcode(status)
                log.error("worker ended, starting another", worker=worker, exit_code=code)
                if time.monotonic() - started < 1:
                    time.sleep(1)  # a worker that cannot start must not take the whole machine
                self._start_worker()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def _start_worker(self) -> None:
        worker = os.fork()
        if worker == 0:
            code = 1
            try:
                _work(self._settings, self._paths, self._listener, self._lifeline)
                code = 0
            except BaseException as error:
                log.error("worker failed", error)
            finally:
                os._exit(code)
        self._started[worker] = time.monotonic()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        self._listener.close()
        self._signal_all(signal.SIGTERM)
        signal.alarm(DRAIN_SECONDS + 5)

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: int) -> None:
        for worker in list(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, number)


def _work(
    settings: ServingSettings, paths: MlPaths, listener: socket.socket, lifeline: Lifeline
) -> None:
    """One worker: an event loop that accepts from the shared socket until SIGTERM."""
    # uvicorn puts its own handlers in place and, when drained, raises the signal once more for
    # these: nothing is left to do then. Before that, a stop ends a worker that is just starting.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    os.setpgid(0, 0)  # a group of its own: Ctrl-C reaches the supervisor alone, which decides
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
    lifeline.hold()
    app = InferenceApp(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )

    async def serve() -> None:
        loading: asyncio.Task[Any] = asyncio.create_task(app.load(paths.model))
        await server.serve(sockets=[listener])
        loading.cancel()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
