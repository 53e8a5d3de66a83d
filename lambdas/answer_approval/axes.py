"""Axes of charts: round numbers that a person reads, whatever the range is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

# Nobody reads more; what is beyond cannot be drawn without overflow.
_MOST = 1e300
_LEAST_STEP = 1e-300
_MOST_DECIMALS = 6
_MOST_CHARACTERS = 10
_LARGE = 1e7


def drawable(value: float) -> bool:
    """Whether a number can stand on an axis."""
    return abs(value) <= _MOST


@dataclass(frozen=True)
class Axis:
    """A range of drawable numbers, cut by multiples of step."""

    low: float
    high: float
    step: float

    @classmethod
    def of(cls, values: Iterable[float], *, parts: int) -> Axis:
        """An axis around *values*, in about so many parts; without values, from 0 to 1."""
        known = list(values) or [0.0, 1.0]
        low, high = min(known), max(known)
        size = max(abs(low), abs(high))
        if high - low <= size * 1e-9 or (high - low) / parts < _LEAST_STEP:
            # All the same, as far as anybody can see.
            room = size / 10 if size / 10 > _LEAST_STEP * parts else 1.0
            low, high = low - room, high + room
        return cls(low=low, high=high, step=_round_step((high - low) / parts))

    @property
    def ticks(self) -> tuple[float, ...]:
        """The multiples of step within the range."""
        first, last = math.ceil(self.low / self.step), math.floor(self.high / self.step)
        return tuple(self.step * i for i in range(first, last + 1))

    @property
    def edges(self) -> tuple[float, ...]:
        """The multiples of step from the last below the range to the first above it."""
        first, last = math.floor(self.low / self.step), math.ceil(self.high / self.step)
        return tuple(self.step * i for i in range(first, last + 1))

    def share(self, value: float) -> float:
        """Where a value stands: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)

    def text(self, tick: float) -> str:
        """A tick as a person reads it, as exact as the step."""
        decimals = max(-math.floor(math.log10(self.step)), 0)
        size = max(abs(self.low), abs(self.high))
        text = f"{tick:,.{decimals}f}" if decimals <= _MOST_DECIMALS and size < _LARGE else ""
        if not 0 < len(text) <= _MOST_CHARACTERS:
            text = f"{tick:.3g}"
        # No minus before nought.
        return text.replace("-", "\N{MINUS SIGN}" if float(text.replace(",", "")) else "")


def _round_step(least: float) -> float:
    """The next of 1, 2, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((n * power for n in (1, 2, 5) if n * power >= least), 10 * power)
