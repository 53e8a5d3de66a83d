"""The size of both images, built by the same engine on the same base."""

from __future__ import annotations

from bench.figures import Figure
from bench.images import Images, image_bytes
from bench.plan import Plan

NAMES = ("image_size",)


def measure(images: Images, _plan: Plan) -> list[Figure]:
    """All layers, unpacked, the base included."""
    return [
        Figure(
            name="image_size",
            title="image size",
            unit="MB",
            ours=(image_bytes(images.ours) / 1e6,),
            beside=(image_bytes(images.baseline) / 1e6,),
            larger_is_better=False,
        )
    ]
