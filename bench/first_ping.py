"""From the engine's `run` to the first 200 of /ping."""

from __future__ import annotations

from pathlib import Path

from bench import servers
from bench.figures import Figure
from bench.images import Images
from bench.model_folder import trained
from bench.plan import Plan

NAMES = ("first_ping",)
_AT_LEAST = 5


def measure(images: Images, plan: Plan) -> list[Figure]:
    """Start fresh containers in turns; the first start of each does not count.

    Raises:
        RuntimeError: a server did not start.
    """
    turns = max(plan.rounds, _AT_LEAST)
    plan.say(f"first healthy ping, {turns} turns")
    ours: list[float] = []
    beside: list[float] = []
    with (
        trained(images.program, images.ours) as our_root,
        trained(images.program, images.baseline) as root,
    ):
        for _ in range(turns + 1):
            ours.append(_first_ping(images.program, images.ours, our_root))
            beside.append(_first_ping(images.program, images.baseline, root))
    return [
        Figure(
            name="first_ping",
            title="start to the first healthy ping",
            unit="s",
            ours=tuple(ours[1:]),
            beside=tuple(beside[1:]),
            larger_is_better=False,
        )
    ]


def _first_ping(program: str, image: str, root: Path) -> float:
    with servers.container(program, image, root=root) as server:
        return server.first_ping
