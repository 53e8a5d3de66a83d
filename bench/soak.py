"""A long mixture of good and bad requests; every answer is checked, and so is the memory."""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import servers
from bench.client import Client
from bench.exchange import Ending, Exchange
from bench.figures import write_soak
from bench.images import CannotMeasureError, engine, our_image
from bench.model_folder import laid_out, trained
from bench.payloads import TRAIN
from bench.soak_cases import LIMIT_MB, Case, cases

REQUESTS = 2_000_000
MOST_GROWTH = 0.05
_CONNECTIONS = 16
_SAMPLES = 100
_DRAWN = 1000  # cases drawn at once
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """What was sent, by kind; what deviated; the memory in bytes, looked at in equal steps."""

    sent: Counter[str]
    answered: int
    deviations: tuple[str, ...]
    memory: tuple[int, ...]
    seconds: float

    @property
    def growth(self) -> float:
        """How much more memory there is at the end than after the warm-up, as a share."""
        return growth(self.memory)


def main() -> int:
    """Soak the server as REQUESTS says; returns the exit code."""
    requests = int(os.environ.get("REQUESTS") or REQUESTS)
    try:
        return _main(requests)
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1


def _main(requests: int) -> int:
    kinds = cases()
    with _server() as server:
        workers = set(servers.processes(server.process))
        print(f"{requests:,} requests to {len(workers)} processes", flush=True)
        found = soak(
            port=server.port,
            kinds=kinds,
            requests=requests,
            memory=lambda: servers.resident_bytes(server.process),
        )
        lost = workers - set(servers.processes(server.process))
    _print(found, kinds)
    if requests >= REQUESTS:
        write_soak(_as_json(found, kinds))
    told = faults(found, requests)
    if lost:
        told.append(f"{len(lost)} of the server's processes ended meanwhile")
    for fault, times in Counter(told).items():
        print(f"FAILED{f' {times} times' if times > 1 else ''}: {fault}", file=sys.stderr)
    return 1 if told else 0


def soak(*, port: int, kinds: Sequence[Case], requests: int, memory: Callable[[], int]) -> Soaked:
    """Send the kinds in a random order, the same one each time."""
    sent: Counter[str] = Counter()
    looks: list[int] = []
    began = time.monotonic()
    step = max(requests // _SAMPLES, 1)

    def drawn() -> Iterator[Exchange]:
        order = random.Random(0)  # noqa: S311 - no secret
        weights = [case.weight for case in kinds]
        exchanges = [case.exchange for case in kinds]
        number = 0
        while True:
            for exchange in order.choices(exchanges, weights, k=_DRAWN):
                if number == requests:
                    return
                if number % step == 0:
                    looks.append(memory())
                    _progress(number, requests, began, looks[-1])
                number += 1
                sent[exchange.name] += 1
                yield exchange

    client = Client(port=port, connections=_CONNECTIONS)
    client.run(drawn())
    looks.append(memory())
    return Soaked(
        sent=sent,
        answered=len(client.latencies) + client.cut,
        deviations=tuple(client.deviations),
        memory=tuple(looks),
        seconds=time.monotonic() - began,
    )


def growth(memory: Sequence[int]) -> float:
    """The last tenth of the looks beside the second one, by their medians; the first warms up.

    Raises:
        ValueError: there are fewer than ten looks.
    """
    tenth = len(memory) // 10
    if not tenth:
        raise ValueError("growth cannot be told from fewer than ten looks")
    after = statistics.median(memory[tenth : 2 * tenth])
    return statistics.median(memory[-tenth:]) / after - 1


def _as_json(found: Soaked, kinds: Sequence[Case]) -> dict[str, Any]:
    good = {case.exchange.name for case in kinds if case.exchange.expected.status == 200}
    good -= {case.exchange.name for case in kinds if case.exchange.ending is Ending.CUT}
    total = sum(found.sent.values())
    return {
        "requests": total,
        "bad": total - sum(count for name, count in found.sent.items() if name in good),
        "deviations": len(found.deviations),
        "seconds": found.seconds,
        "memoryAfterWarmUp": found.memory[len(found.memory) // 10],
        "memoryAtEnd": found.memory[-1],
        "growth": found.growth,
    }


def faults(found: Soaked, requests: int) -> list[str]:
    """Everything that is not as it should be, in words."""
    if found.deviations:
        return list(found.deviations)
    told = []
    if found.answered != requests:
        told.append(f"{requests} requests were to be sent; {found.answered} ended as they should")
    if len(found.memory) >= _SAMPLES and found.growth > MOST_GROWTH:
        told.append(f"memory grew by {found.growth:.1%}; {MOST_GROWTH:.0%} is allowed")
    return told


@contextlib.contextmanager
def _server() -> Iterator[servers.Server]:
    """Our server with all its workers: the image where an engine answers, else processes."""
    limit = {"SAGEMAKER_MAX_PAYLOAD_IN_MB": str(LIMIT_MB)}
    try:
        program, image = engine().program, our_image()
    except CannotMeasureError as error:
        print(f"The server runs as processes: {error}")
        python = _container_python()
        with laid_out(TRAIN) as root:
            environment = {**os.environ, "ML_ROOT": str(root)}
            train = [python, str(_ROOT / "container" / "train")]
            subprocess.run(train, env=environment, check=True, capture_output=True)
            serve = [python, str(_ROOT / "container" / "serve")]
            with servers.process(serve, root=root, variables=limit) as server:
                yield server
        return
    options = [word for name, value in limit.items() for word in ("--env", f"{name}={value}")]
    with (
        trained(program, image) as root,
        servers.container(program, image, root=root, options=options) as server,
    ):
        yield server


def _container_python() -> str:
    default = _ROOT / ".local" / "container-env" / "bin" / "python"
    python = Path(os.environ.get("CONTAINER_PYTHON") or default)
    if not python.exists():
        raise RuntimeError(f"{python} is missing; `make check-model` makes it")
    return str(python)


def _progress(number: int, requests: int, began: float, memory: int) -> None:
    if number % (requests // 10 or 1) == 0:
        taken = time.monotonic() - began
        share = number / requests
        print(f"  [{taken:4.0f} s] {share:4.0%}  {memory / 2**20:.1f} MiB", flush=True)


def _print(found: Soaked, kinds: Sequence[Case]) -> None:
    expected = {case.exchange.name: case.expected for case in kinds}
    width = max(map(len, expected))
    print(f"{'kind':{width}}  expected  requests")
    for name, count in sorted(found.sent.items(), key=lambda item: -item[1]):
        print(f"{name:{width}}  {expected[name]:>8}  {count:>8}")
    total = sum(found.sent.values())
    print(f"{total:,} requests in {found.seconds:.0f} s, {total / found.seconds:,.0f} a second")
    print(f"{len(found.deviations)} deviations")
    if len(found.memory) >= _SAMPLES:
        first, last = found.memory[len(found.memory) // 10], found.memory[-1]
        print(
            f"memory of all processes: {first / 2**20:.1f} MiB after the warm-up, "
            f"{last / 2**20:.1f} MiB at the end, {found.growth:+.1%} by medians"
        )
