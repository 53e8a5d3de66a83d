"""Requests a second and latencies of this image, of the baseline, and of a constant answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bench import servers
from bench.figures import Figure
from bench.images import Images
from bench.load import Load, Measured, measured_apart
from bench.model_folder import trained
from bench.payloads import batch_rows
from bench.plan import Plan

SINGLE_16 = Load(connections=16, rows=1)
SINGLE_1 = Load(connections=1, rows=1)
HUNDRED_16 = Load(connections=16, rows=100)
HUNDRED_1 = Load(connections=1, rows=100)
MANY_16 = Load(connections=16, rows=10_000)
MANY_1 = Load(connections=1, rows=10_000)
JSON_16 = Load(connections=16, rows=1, kind="json")
OURS, BASELINE, CEILING = "ours", "baseline", "ceiling"
_CEILING = Path(__file__).resolve().parent / "ceiling"
NAMES = (
    "single_row_rps_16",
    "single_row_p99_16",
    "single_row_rps_1",
    "rows_100_rps_16",
    "rows_100_rps_1",
    "rows_10000_rps_16",
    "rows_10000_rps_1",
    "batch_rows",
    "ceiling_share",
    "single_row_json_rps_16",
)


def batch(cores: int) -> Load:
    """Payloads as a batch transform sends them: 5 MB each, as many at once as there are cores."""
    return Load(connections=cores, rows=batch_rows())


@dataclass(frozen=True, kw_only=True)
class Task:
    """A load and the servers that are asked in turns."""

    load: Load
    servers: tuple[str, ...]


def tasks(cores: int) -> list[Task]:
    """What is measured, in this order."""
    both = (OURS, BASELINE)
    return [
        Task(load=SINGLE_16, servers=(*both, CEILING)),
        *(Task(load=load, servers=both) for load in (SINGLE_1, HUNDRED_16, HUNDRED_1)),
        *(Task(load=load, servers=both) for load in (MANY_16, MANY_1, batch(cores))),
        Task(load=JSON_16, servers=(OURS,)),
    ]


def measure(images: Images, plan: Plan) -> list[Figure]:
    """Start all servers, put each load on each of them in turns, and compare.

    Raises:
        RuntimeError: a server did not start.
        LoadError: an answer was wrong.
    """
    runs: dict[tuple[Load, str], list[Measured]] = {}
    with _served(images) as ports:
        for task in tasks(plan.cores):
            plan.say(f"{task.load}: {', '.join(task.servers)}, {plan.rounds} turns")
            for _ in range(plan.rounds):
                for name in task.servers:
                    load = replace(task.load, kind="constant") if name == CEILING else task.load
                    found = measured_apart(
                        load, port=ports[name], seconds=plan.seconds, warm_up=plan.warm_up
                    )
                    runs.setdefault((task.load, name), []).append(found)
            for name in task.servers:
                plan.say(f"   {name}: {_generator(runs[task.load, name])}")
    return figures(runs, cores=plan.cores)


def figures(runs: Mapping[tuple[Load, str], list[Measured]], *, cores: int) -> list[Figure]:
    """The figures of all runs."""

    def rates(load: Load, name: str, *, times: int = 1) -> tuple[float, ...]:
        return tuple(found.rate * times for found in runs[load, name])

    def compared(name: str, title: str, load: Load) -> Figure:
        ours, beside = rates(load, OURS), rates(load, BASELINE)
        return Figure(name=name, title=title, unit="requests/s", ours=ours, beside=beside)

    transform = batch(cores)
    single = compared("single_row_rps_16", "one row, 16 connections", SINGLE_16)
    return [
        single,
        Figure(
            name="single_row_p99_16",
            title="one row, 16 connections: p99 latency",
            unit="ms",
            ours=tuple(found.p99 * 1000 for found in runs[SINGLE_16, OURS]),
            beside=tuple(found.p99 * 1000 for found in runs[SINGLE_16, BASELINE]),
            larger_is_better=False,
        ),
        compared("single_row_rps_1", "one row, 1 connection", SINGLE_1),
        compared("rows_100_rps_16", "100 rows, 16 connections", HUNDRED_16),
        compared("rows_100_rps_1", "100 rows, 1 connection", HUNDRED_1),
        compared("rows_10000_rps_16", "10,000 rows, 16 connections", MANY_16),
        compared("rows_10000_rps_1", "10,000 rows, 1 connection", MANY_1),
        Figure(
            name="batch_rows",
            title=f"batches of 5 MB, {cores} at once",
            unit="rows/s",
            ours=rates(transform, OURS, times=transform.rows),
            beside=rates(transform, BASELINE, times=transform.rows),
        ),
        replace(
            single,
            name="ceiling_share",
            title="one row, 16 connections, beside a constant answer",
            beside=rates(SINGLE_16, CEILING),
            beside_name="ceiling",
        ),
        Figure(
            name="single_row_json_rps_16",
            title="one row as JSON, 16 connections",
            unit="requests/s",
            ours=rates(JSON_16, OURS),
        ),
    ]


@contextlib.contextmanager
def _served(images: Images) -> Iterator[dict[str, int]]:
    """The ports of the three servers, each in a container started in the same way."""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(trained(images.program, images.ours))
        baseline = stack.enter_context(trained(images.program, images.baseline))

        def started(image: str, root: Path, *command: str, options: tuple[str, ...] = ()) -> int:
            server = servers.container(
                images.program, image, root=root, command=command, options=options
            )
            return stack.enter_context(server).port

        constant = (
            *("--volume", f"{_CEILING}:/opt/ceiling:ro"),
            *("--env", "PYTHONPATH=/opt/program"),
        )
        yield {
            OURS: started(images.ours, ours, "serve"),
            BASELINE: started(images.baseline, baseline, "serve"),
            CEILING: started(
                images.ours, ours, "python3", "/opt/ceiling/constant.py", options=constant
            ),
        }


def _generator(runs: list[Measured]) -> str:
    """What the load generator itself took, and whether it may have set the limit."""
    most = max(found.cpu_share for found in runs)
    each = min(found.cpu_share / found.rate for found in runs)
    text = f"the load generator took {most:.0%} of a core, {each * 1e6:.0f} us a request"
    return f"{text}: IT SET THE LIMIT" if any(found.limited for found in runs) else text
