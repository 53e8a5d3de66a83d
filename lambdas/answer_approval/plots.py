"""Charts of a regression as inline SVG: predicted against true values, and the errors.

They follow the rules of charts.py. Both are narrow enough to be shrunk to a phone's width.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from shared.evaluation import Point
from shared.metrics import number_text
from shared.text import amount

from answer_approval.axes import Axis, drawable

_WIDTH = 350
_HEIGHT = 320
_TOP = 14
_RIGHT = 12  # half of a tick's text may stand out
_BOTTOM = 46  # ticks and the title of the axis
_CHARACTER = 6.8  # width of a digit of 12 px
_PARTS = 6
_PARTS_OF_LONG_TICKS = 3
_LONG_TICK = 5
_BINS = 14


def scatter(points: Sequence[Point]) -> str:
    """Each point a row: true value to the right, predicted value up; on the line, both agree."""
    shown = [point for point in points if all(map(drawable, point))]
    axis = _axis([value for point in shown for value in point])
    left = _TOP + 18 + round(max(len(axis.text(tick)) for tick in axis.ticks) * _CHARACTER)
    frame = _Frame(left)
    return "\n".join(
        [
            *_head(
                "scatter",
                title="Predicted against true values",
                text=f"{amount(len(shown), 'row')}. True values from {number_text(axis.low)} to "
                f"{number_text(axis.high)}; the closer a point is to the diagonal, the better "
                "its prediction.",
            ),
            *_grid(frame, axis),
            f'<line class="ideal" x1="{frame.x(0)}" y1="{frame.y(0)}" x2="{frame.x(1)}" '
            f'y2="{frame.y(1)}"/>',
            *(_dot(frame, axis, point) for point in shown),
            _under(frame, "True value"),
            f'<text class="axis" transform="translate(12 {frame.y(0.5)}) rotate(-90)" '
            'text-anchor="middle">Predicted value</text>',
            "</svg>",
        ]
    )


def _axis(values: Sequence[float]) -> Axis:
    """As many ticks as have room beside each other."""
    axis = Axis.of(values, parts=_PARTS)
    if max(len(axis.text(tick)) for tick in axis.ticks) <= _LONG_TICK:
        return axis
    return Axis.of(values, parts=_PARTS_OF_LONG_TICKS)


def bins_of(points: Sequence[Point]) -> tuple[Axis, tuple[tuple[float, float, int], ...]]:
    """The errors (predicted less true) in bins of one width: from, to, rows."""
    errors = [error for error in (p - a for a, p in points) if drawable(error)]
    axis = Axis.of(errors, parts=_BINS)
    edges = axis.edges
    counts = [0] * (len(edges) - 1)
    for error in errors:
        # An error on the last edge belongs to the last bin.
        counts[min(max(bisect_right(edges, error) - 1, 0), len(counts) - 1)] += 1
    bins = tuple((low, high, n) for (low, high), n in zip(pairwise(edges), counts, strict=True))
    return axis, bins


def histogram(points: Sequence[Point]) -> str:
    """How many rows have which error: predicted less true value."""
    axis, bins = bins_of(points)
    most = max((rows for _, _, rows in bins), default=0) or 1
    total = sum(rows for _, _, rows in bins)
    low, high, rows = max(bins, key=lambda one: one[2])
    frame = _Frame(_RIGHT)
    columns = Axis(low=bins[0][0], high=bins[-1][1], step=axis.step)
    return "\n".join(
        [
            *_head(
                "errors",
                title="Errors: predicted less true value",
                text=f"{amount(total, 'row')}. Most, {rows}, have an error from "
                f"{axis.text(low)} to {axis.text(high)}. The table below has every number.",
            ),
            *(_column(frame, columns, one, most=most) for one in bins),
            f'<line class="base" x1="{frame.x(0)}" y1="{frame.y(0)}" x2="{frame.x(1)}" '
            f'y2="{frame.y(0)}"/>',
            *_ends(frame, columns),
            _under(frame, "Predicted less true value"),
            "</svg>",
        ]
    )


class _Frame:
    """Where shares from 0 to 1 stand, from the left and from the bottom."""

    def __init__(self, left: int) -> None:
        self._left = left

    def x(self, share: float) -> str:
        return f"{self._left + share * (_WIDTH - self._left - _RIGHT):.1f}"

    def y(self, share: float) -> str:
        return f"{_HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP):.1f}"


def _head(name: str, *, title: str, text: str) -> Iterator[str]:
    yield (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" '
        f'height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-text">'
    )
    yield f'<title id="{name}-title">{escape(title)}</title>'
    yield f'<desc id="{name}-text">{escape(text)}</desc>'


def _grid(frame: _Frame, axis: Axis) -> Iterator[str]:
    for tick in axis.ticks:
        share, text = axis.share(tick), escape(axis.text(tick))
        x, y = frame.x(share), frame.y(share)
        yield f'<line class="grid" x1="{x}" y1="{frame.y(0)}" x2="{x}" y2="{frame.y(1)}"/>'
        yield f'<line class="grid" x1="{frame.x(0)}" y1="{y}" x2="{frame.x(1)}" y2="{y}"/>'
        yield f'<text x="{x}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{text}</text>'
        yield (
            f'<text x="{float(frame.x(0)) - 6:.1f}" y="{y}" text-anchor="end" '
            f'dominant-baseline="central">{text}</text>'
        )


def _dot(frame: _Frame, axis: Axis, point: Point) -> str:
    actual, predicted = point
    tip = f"true {number_text(actual)}, predicted {number_text(predicted)}"
    return (
        f'<circle class="dot" cx="{frame.x(axis.share(actual))}" '
        f'cy="{frame.y(axis.share(predicted))}" r="3.5"><title>{escape(tip)}</title></circle>'
    )


def _column(frame: _Frame, axis: Axis, one: tuple[float, float, int], *, most: int) -> str:
    low, high, rows = one
    left, right = float(frame.x(axis.share(low))), float(frame.x(axis.share(high)))
    # Room for the number above the highest column.
    top = float(frame.y(rows / most * 0.94))
    tip = f"from {axis.text(low)} to {axis.text(high)}: {amount(rows, 'row')}"
    number = (
        f'<text x="{(left + right) / 2:.1f}" y="{top - 5:.1f}" text-anchor="middle">{rows}</text>'
        if rows
        else ""
    )
    return (
        f'<g><title>{escape(tip)}</title><rect class="column" x="{left + 1:.1f}" y="{top:.1f}" '
        f'width="{max(right - left - 2, 1):.1f}" height="{float(frame.y(0)) - top:.1f}"/>'
        f"{number}</g>"
    )


def _ends(frame: _Frame, axis: Axis) -> Iterator[str]:
    """Nought, and the two ends if they do not stand too near to it."""
    places = {axis.share(edge): axis.text(edge) for edge in (axis.low, axis.high)}
    nought = axis.share(0.0)
    places = {share: text for share, text in places.items() if abs(share - nought) > 0.15}
    if 0 <= nought <= 1:
        places[nought] = "0"
        x = frame.x(nought)
        yield f'<line class="ideal" x1="{x}" y1="{frame.y(0)}" x2="{x}" y2="{frame.y(1)}"/>'
    for share, text in places.items():
        # At the ends a text must not stand out of the frame.
        anchor = "start" if share < 0.1 else "end" if share > 0.9 else "middle"
        yield (
            f'<text x="{frame.x(share)}" y="{_HEIGHT - _BOTTOM + 18}" '
            f'text-anchor="{anchor}">{escape(text)}</text>'
        )


def _under(frame: _Frame, title: str) -> str:
    return (
        f'<text class="axis" x="{frame.x(0.5)}" y="{_HEIGHT - 8}" '
        f'text-anchor="middle">{title}</text>'
    )
