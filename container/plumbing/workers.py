"""Runs an application: one listening socket, one worker process a CPU, one model for all of them.

The supervisor loads the model once and forks the workers afterwards, which share its memory.
SIGTERM lets everything finish that was sent by then, then ends with 0:
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from plumbing import door, doorman, log
from plumbing.lifeline import Lifeline
from plumbing.serving_settings import ServingSettings

if TYPE_CHECKING:  # what takes long to import comes when somebody stands at the door
    from plumbing.http_server import Application

STOPS = (signal.SIGTERM, signal.SIGINT)
KILL_SECONDS = 25  # a worker drains for 20; SageMaker kills 30 s after SIGTERM

Prepare = Callable[[], "Application"]


def run(settings: ServingSettings, prepare: Prepare) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code.

    ``prepare`` is called once, before the workers are forked: what it loads is shared by them.
    """
    try:
        listener = door.listen(settings.host, settings.port)
    except OSError as error:
        print(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            "Free the port or set SAGEMAKER_BIND_TO_PORT to another.",
            file=sys.stderr,
        )
        return 1
    _Supervisor(settings, prepare, listener).run()
    return 0


@dataclass(frozen=True)
class _Child:
    number: int | None  # the worker's; None for the one that stands at the door
    since: float


class _Supervisor:
    """Keeps ``settings.workers`` workers alive until it is told to stop."""

    def __init__(
        self, settings: ServingSettings, prepare: Prepare, listener: socket.socket
    ) -> None:
        self._settings = settings
        self._prepare = prepare
        self._listener = listener
        self._lifeline = Lifeline()
        self._told, self._tell = socket.socketpair()  # what the doorman hears, and who tells it
        self._shareable = True
        self._children: dict[int, _Child] = {}  # by process
        self._stopping = False

    def run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        for number in STOPS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGALRM, self._kill)
        greeter = self._fork(self._greet)
        self._told.close()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        make = self._load()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        if make is not None and not self._stopping:
            guests: list[socket.socket] = []
            if self._shareable:
                guests.extend(doorman.take_over(self._tell))
                self._tell.close()
                self._dismiss(greeter)
            self._start_workers(make, guests)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        self._watch()
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # a further one must not change the code
        if make is None:
            os._exit(0)  # the thread that loads may be anywhere

    def _greet(self) -> None:
        """In the first child: answers at the door until somebody has loaded the model."""
        self._tell.close()
        porter = doorman.Doorman(self._listener, self._told)
        guests = porter.wait()
        if porter.stopped:
            from plumbing import worker

            worker.send_away(self._listener, guests)
        else:
            self._listener.close()
            doorman.hand_over(self._told, guests)

    def _dismiss(self, greeter: int) -> None:
        os.kill(greeter, signal.SIGKILL)  # it has handed over and ends anyway, unless it hangs
        os.waitpid(greeter, 0)
        del self._children[greeter]

    def _load(self) -> Prepare | None:
        """How a worker gets what it serves; None when told to stop.

        It prepares in a thread, so that a signal is heard meanwhile. A copy that no worker can use
        is not kept.
        """
        from plumbing import worker

        loaded: list[Application] = []

        def load() -> None:
            try:
                loaded.append(self._prepare())
            except BaseException as error:
                log.error("model could not be loaded", error, reason=str(error))
                loaded.append(worker.unready("The model could not be loaded. The log says why."))

        threads = _threads()
        thread = threading.Thread(target=load, daemon=True)
        thread.start()
        while thread.is_alive() and not self._stopping:
            thread.join(0.1)
        if not loaded:
            return None
        self._shareable = _ended(until=threads)
        if self._shareable:
            return lambda: loaded[0]
        log.info("model has threads, which cannot be shared: each worker loads its own copy")
        return self._prepare

    def _start_workers(self, make: Prepare, guests: list[socket.socket]) -> None:
        from plumbing.accepting import Shares

        self._make, workers = make, self._settings.workers
        self._shares = Shares(workers)
        gc.collect()
        gc.freeze()  # what is there now stays: never looked at again, so that it stays shared
        for number in range(workers):
            self._start_worker(number, guests)
        for guest in guests:
            guest.close()

    def _start_worker(self, number: int, guests: Sequence[socket.socket] = ()) -> None:
        self._shares.set(number, 0)
        self._fork(lambda: self._work(number, guests), number)

    def _work(self, number: int, guests: Sequence[socket.socket]) -> None:
        """In a worker: serves, its part of the guests first."""
        from plumbing import worker

        application, workers = self._make(), self._settings.workers
        for at, guest in enumerate(guests):
            if at % workers != number:
                guest.close()
        guests = guests[number::workers]
        if not self._shareable:  # the first one that is here relieves the doorman
            guests = list(doorman.take_over(self._tell))
        worker.work(
            application,
            self._listener,
            limit=self._settings.payload_limit,
            guests=guests,
            shares=self._shares,
            number=number,
        )

    def _fork(self, work: Callable[[], None], number: int | None = None) -> int:
        """Starts a child with signals blocked; it ends with the supervisor."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                os.setpgid(0, 0)  # Ctrl-C reaches the supervisor alone, which decides
                self._lifeline.hold()
                work()
                code = 0
            except BaseException as error:
                log.error("worker failed", error)
            finally:
                os._exit(code)
        self._children[child] = _Child(number, time.monotonic())
        return child

    def _watch(self) -> None:
        """Waits until all children have ended; starts another worker for one that died."""
        quick = 0  # how many have died young, one after the other
        while self._children:
            process, status = os.wait()
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # no stop between look and fork
            child = self._children.pop(process, None)
            if child is not None and child.number is not None and not self._stopping:
                code = os.waitstatus_to_exitcode(status)
                log.error("worker ended, starting another", worker=process, exit_code=code)
                # At once, but workers that cannot start must not take the whole machine.
                quick = quick + 1 if time.monotonic() - child.since < 1 else 0
                time.sleep(min(1.0, 0.05 * 2**quick) if quick else 0)
                self._start_worker(child.number)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if not self._stopping:  # whoever is told again and again ends in time, too
            signal.alarm(KILL_SECONDS)
        self._stopping = True
        door.shut(self._listener)
        self._listener.close()
        self._signal_all(signal.SIGTERM)

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: int) -> None:
        for child in list(self._children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()


def _ended(*, until: int) -> bool:
    """Whether all threads but so many have ended; the last one may need a moment for it."""
    deadline = time.monotonic() + 0.1
    while _threads() > until:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True
