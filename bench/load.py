"""`python -m bench.load`: a load on one server, from a process of its own; prints JSON.

It sends from n keep-alive connections, each its next request when it has its answer. Every answer's
status and body are checked. A warm-up is not counted. Time is from the first request to the last
answer: what was begun is waited for, and counts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from bench.client import Client
from bench.exchange import Exchange
from bench.figures import percentile
from bench.payloads import exchanges

_BUSY = 0.9  # of a core: the load generator itself may be what is measured


class LoadError(Exception):
    """An answer was wrong; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many connections that send requests of so many rows, as a kind of bench.payloads."""

    connections: int
    rows: int
    kind: str = "csv"

    def __str__(self) -> str:
        connections = "connection" if self.connections == 1 else "connections"
        rows = "row" if self.rows == 1 else "rows"
        return f"{self.connections} {connections}, {self.rows:,} {rows} of {self.kind.upper()}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Requests a second, latencies in seconds, and the load generator's own share of one core."""

    requests: int
    rate: float
    p50: float
    p99: float
    cpu_share: float

    @property
    def limited(self) -> bool:
        """Whether the load generator had no time left, so that the server could have done more."""
        return self.cpu_share > _BUSY


def measure(load: Load, *, port: int, seconds: float, warm_up: float) -> Measured:
    """Put the load on the server of this machine that listens on the port.

    Raises:
        LoadError: an answer was wrong, late or missing.
    """
    prepared = exchanges(size=load.rows, kind=load.kind)
    _run(load, prepared, port=port, seconds=warm_up)
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    latencies = _run(load, prepared, port=port, seconds=seconds)
    taken = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(
        requests=len(latencies),
        rate=len(latencies) / taken,
        p50=percentile(latencies, 0.5),
        p99=percentile(latencies, 0.99),
        cpu_share=used / taken,
    )


def measured_apart(load: Load, *, port: int, seconds: float, warm_up: float) -> Measured:
    """The same, in a process of its own.

    Raises:
        LoadError: an answer was wrong, late or missing.
    """
    command = [sys.executable, "-m", "bench.load", "--port", str(port), "--kind", load.kind]
    command += ["--connections", str(load.connections), "--rows", str(load.rows)]
    command += ["--seconds", str(seconds), "--warm-up", str(warm_up)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LoadError(f"{load}: {done.stderr.strip()[-2000:]}")
    return Measured(**json.loads(done.stdout))


def _run(load: Load, prepared: Sequence[Exchange], *, port: int, seconds: float) -> Sequence[float]:
    client = Client(port=port, connections=load.connections)
    client.run(_until(time.perf_counter() + seconds, prepared))
    if client.deviations:
        raise LoadError("\n".join(client.deviations))
    return client.latencies


def _until(deadline: float, prepared: Sequence[Exchange]) -> Iterator[Exchange]:
    clock = time.perf_counter
    for exchange in itertools.cycle(prepared):
        yield exchange
        if clock() > deadline:
            return


def main() -> None:
    """One load, as the options say."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--kind", choices=("csv", "json", "constant"), default="csv")
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--warm-up", type=float, default=0.5)
    given = parser.parse_args()
    load = Load(connections=given.connections, rows=given.rows, kind=given.kind)
    try:
        found = measure(load, port=given.port, seconds=given.seconds, warm_up=given.warm_up)
    except (LoadError, OSError) as error:
        sys.exit(str(error))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
