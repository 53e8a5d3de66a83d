"""The most memory that each image's processes have while they serve every load."""

from __future__ import annotations

import threading
from pathlib import Path

from bench import servers
from bench.figures import Figure
from bench.images import CannotMeasureError, Images
from bench.load import Load, measured_apart
from bench.model_folder import trained
from bench.plan import Plan
from bench.serving import HUNDRED_16, MANY_16, SINGLE_16, batch

NAMES = ("peak_memory",)
_EVERY = 0.02  # seconds between two looks


def measure(images: Images, plan: Plan) -> list[Figure]:
    """Serve from fresh containers in turns; look at their memory all the time.

    Raises:
        CannotMeasureError: the container's processes are another user's.
        RuntimeError: a server did not start.
        LoadError: an answer was wrong.
    """
    loads = [SINGLE_16, HUNDRED_16, MANY_16, batch(plan.cores)]
    plan.say(f"peak memory under {len(loads)} loads, {plan.rounds} turns")
    ours: list[float] = []
    beside: list[float] = []
    with (
        trained(images.program, images.ours) as our_root,
        trained(images.program, images.baseline) as root,
    ):
        for _ in range(plan.rounds):
            ours.append(_peak(images.program, images.ours, our_root, loads, plan) / 2**20)
            beside.append(_peak(images.program, images.baseline, root, loads, plan) / 2**20)
    return [
        Figure(
            name="peak_memory",
            title="most memory while serving",
            unit="MiB",
            ours=tuple(ours),
            beside=tuple(beside),
            larger_is_better=False,
        )
    ]


def _peak(program: str, image: str, root: Path, loads: list[Load], plan: Plan) -> int:
    with servers.container(program, image, root=root) as server:
        watch = MemoryWatch(server.process)
        with watch:
            for load in loads:
                measured_apart(load, port=server.port, seconds=plan.seconds / 2, warm_up=0)
        return watch.peak


class MemoryWatch:
    """Looks at a process and its descendants again and again while its block runs.

    `peak` is the most that they had together, in bytes.
    """

    def __init__(self, process: int) -> None:
        self._process = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._error: OSError | None = None
        self.peak = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error:
            raise CannotMeasureError(
                f"the memory of the container's processes cannot be read ({self._error}); "
                "run this as root"
            )

    def _look(self) -> None:
        try:
            while not self._stop.wait(_EVERY):
                self.peak = max(self.peak, servers.resident_bytes(self._process))
        except OSError as error:
            self._error = error
