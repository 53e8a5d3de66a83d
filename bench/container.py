"""What is measured in containers, beside the baseline: one entry a measurement."""

from __future__ import annotations

from collections.abc import Callable

from bench import first_ping, image_size, memory, serving, training
from bench.figures import Figure
from bench.images import Images
from bench.plan import Plan

MEASUREMENTS: dict[str, tuple[Callable[[Images, Plan], list[Figure]], tuple[str, ...]]] = {
    "serving": (serving.measure, serving.NAMES),
    "memory": (memory.measure, memory.NAMES),
    "ping": (first_ping.measure, first_ping.NAMES),
    "image": (image_size.measure, image_size.NAMES),
    "training": (training.measure, training.NAMES),
}
"""How each is measured, and the names of its figures."""
