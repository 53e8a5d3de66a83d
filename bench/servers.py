"""Servers under measurement: containers, or processes of the container's own environment."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.sagemaker.runners.base import free_port

_START_SECONDS = 60.0
_POLL_SECONDS = 0.005
_STOP_SECONDS = 30
_PING = b"GET /ping HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


class _NotHealthyError(Exception):
    """A server does not become healthy; the message says how."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server of this machine that answers; `process` is the first of its processes.

    `first_ping` is the time in seconds from the command that started it to the first 200 of /ping.
    """

    port: int
    process: int
    first_ping: float


@contextlib.contextmanager
def container(
    program: str,
    image: str,
    *,
    root: Path,
    command: Sequence[str] = ("serve",),
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """A container on the host's network, with the folder as its /opt/ml, until the block ends.

    Raises:
        RuntimeError: it does not start.
    """
    name, port = f"bench-{uuid.uuid4().hex[:12]}", free_port()
    run = [program, "run", "--detach", "--name", name, *_surroundings(root), *options]
    # Every interface is the host's here: nobody else has to reach it.
    variables = {"SAGEMAKER_BIND_TO_PORT": str(port), "SERVE_HOST": "127.0.0.1"}
    run += [word for pair in variables.items() for word in ("--env", "=".join(pair))]
    started = time.perf_counter()
    # It is asked from the first moment on: the engine's command may end after the server is ready.
    with subprocess.Popen(
        [*run, image, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as starting:

        def alive() -> bool:
            code = starting.poll()
            return code is None or (code == 0 and _state(program, name).running)

        try:
            first_ping = _wait(port, started, alive=alive)
            starting.wait()
            process = _state(program, name).process
            yield Server(port=port, process=process, first_ping=first_ping)
        except _NotHealthyError as error:
            said = f"{starting.communicate()[1]}{_logs(program, name)}"
            raise RuntimeError(f"{image} {error}:\n{said[-2000:]}") from None
        finally:
            starting.wait()
            for gone in ([program, "kill", name], [program, "rm", "--force", name]):
                subprocess.run(gone, capture_output=True, check=False)


def run_once(program: str, image: str, *, root: Path, command: str) -> tuple[float, str]:
    """Run a program of the image to its end; the seconds it took and what it printed.

    Raises:
        RuntimeError: it failed.
    """
    started = time.perf_counter()
    done = subprocess.run(
        [program, "run", "--rm", *_surroundings(root), image, command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"`{command}` of {image} failed:\n{done.stdout[-2000:]}")
    return seconds, done.stdout


@contextlib.contextmanager
def process(
    command: Sequence[str], *, root: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A program that serves as a process of this machine, until the block ends.

    Raises:
        RuntimeError: it does not start.
    """
    port = free_port()
    local = {"SERVE_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(port), "ML_ROOT": str(root)}
    log = root / f"serve-{port}.log"
    with log.open("wb") as output:
        started = time.perf_counter()
        serving = subprocess.Popen(
            command,
            env={**os.environ, **local, **(variables or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        first_ping = _wait(port, started, alive=lambda: serving.poll() is None)
        yield Server(port=port, process=serving.pid, first_ping=first_ping)
    except _NotHealthyError as error:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{command[-1]} {error}:\n{said}") from None
    finally:
        serving.send_signal(signal.SIGTERM)
        try:
            serving.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            serving.kill()
            serving.wait()


def processes(first: int) -> list[int]:
    """A process and all that descend from it, as they are now."""
    found, unseen = [], [first]
    while unseen:
        number = unseen.pop()
        found.append(number)
        for thread in Path(f"/proc/{number}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                unseen.extend(int(child) for child in thread.read_text().split())
    return found


def resident_bytes(first: int) -> int:
    """The memory of a process and its descendants, shared pages counted once among them (PSS).

    Raises:
        PermissionError: they are another user's.
    """
    total = 0
    for number in processes(first):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii")
            total += sum(int(size) for size in re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE))
    return total * 1024


def _surroundings(root: Path) -> list[str]:
    return ["--network", "host", "--volume", f"{root}:/opt/ml"]


def _wait(port: int, started: float, *, alive: Callable[[], bool]) -> float:
    """Seconds from `started` to the first 200 of /ping."""
    looked = started
    while True:
        healthy = _pings(port)
        now = time.perf_counter()
        if healthy:
            return now - started
        if now - started > _START_SECONDS:
            raise _NotHealthyError(f"did not answer /ping in {_START_SECONDS:.0f} s")
        if now - looked > 1:  # seldom: asking an engine takes a processor's time
            looked = now
            if not alive():
                raise _NotHealthyError("ended at once")
        time.sleep(_POLL_SECONDS)


def _pings(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
            link.sendall(_PING)
            return link.recv(65536).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def _logs(program: str, name: str) -> str:
    return subprocess.run(
        [program, "logs", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


@dataclass(frozen=True, kw_only=True)
class _State:
    running: bool
    process: int


def _state(program: str, name: str) -> _State:
    said = subprocess.run(
        [program, "inspect", "--format", "{{json .State}}", name],
        capture_output=True,
        text=True,
        check=True,
    )
    state = json.loads(said.stdout)
    return _State(running=state["Running"], process=state["Pid"])
