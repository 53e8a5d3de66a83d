"""Charts as inline SVG: no script, no style attribute, every value escaped, valid as XML.

Colours come from the classes in style.py. Sizes are in pixels and stay as they are on a small
screen, where all but a small chart scroll: text that shrinks with its chart cannot be read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from shared.evaluation import ConfusionMatrix
from shared.text import percent, shorten

_TITLE = 26  # room for the title of an axis
_GAP = 8  # between a label and its row or column
_COLUMN = 7.4  # width of a narrow character of 12 px in a wide font
_FEW = 6  # up to here, columns are wide enough for labels that lie flat
_SMALL = 380  # up to here, a matrix is shrunk to a phone's width and can still be read
_MAX_COLUMNS = 14  # of a label beside the matrix
_MAX_FLAT_COLUMNS = 10  # of a label that lies flat above it
_MAX_TOOLTIP_CHARACTERS = 64
# The smallest share must be told from none.
_FAINTEST = 0.15


def bar(share: float, *, mark: float | None = None) -> str:
    """A share from 0 to 1 as a bar, with a line at another share to compare it with.

    It stands beside its number, so a screen reader passes it over.
    """
    line = ""
    if mark is not None:
        line = (
            f'<rect class="mark" x="{_hundredths(mark, most=98.5)}" y="0" width="1.5" height="8"/>'
        )
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" x="0" y="2" width="100" height="4"/>'
        f'<rect class="share" x="0" y="2" width="{_hundredths(share)}" height="4"/>{line}</svg>'
    )


def confusion_matrix(matrix: ConfusionMatrix) -> str:
    """True classes in rows, predicted ones in columns; a cell's shade is its share of the row."""
    grid = _Grid.of(matrix.labels)
    parts = [
        f'<svg class="matrix{grid.style}" xmlns="http://www.w3.org/2000/svg" '
        f'width="{grid.width}" height="{grid.height}" viewBox="0 0 {grid.width} {grid.height}" '
        'role="img" aria-labelledby="matrix-title matrix-text">',
        '<title id="matrix-title">Confusion matrix</title>',
        f'<desc id="matrix-text">{escape(_summary(matrix))}</desc>',
        *_axes(grid),
        *_labels(grid, matrix.labels),
        *_cells(grid, matrix),
        "</svg>",
    ]
    return "\n".join(parts)


@dataclass(frozen=True)
class _Grid:
    """Where things stand: the cells begin at left, top."""

    classes: int
    cell_width: int
    cell_height: int
    left: int
    top: int

    @classmethod
    def of(cls, labels: Sequence[str]) -> _Grid:
        longest = max((_columns(_fit(label, _MAX_COLUMNS)) for label in labels), default=0)
        room = _TITLE + _GAP + round(longest * _COLUMN)
        few = len(labels) <= _FEW
        return cls(
            classes=len(labels),
            cell_width=8 + round(min(max(longest, 6), _MAX_FLAT_COLUMNS) * _COLUMN) if few else 30,
            cell_height=46 if few else 28,
            left=room,
            top=_TITLE + _GAP + 14 if few else room,
        )

    @property
    def flat(self) -> bool:
        return self.classes <= _FEW

    @property
    def style(self) -> str:
        """A class of its own where the text must be small, or may become a little smaller."""
        if not self.flat:
            return " many"
        return " small" if self.width <= _SMALL else ""

    @property
    def width(self) -> int:
        return self.left + self.classes * self.cell_width + 1

    @property
    def height(self) -> int:
        return self.top + self.classes * self.cell_height + 1

    def x(self, column: float) -> float:
        return self.left + column * self.cell_width

    def y(self, row: float) -> float:
        return self.top + row * self.cell_height


def _axes(grid: _Grid) -> Iterator[str]:
    across, down = grid.x(grid.classes / 2), grid.y(grid.classes / 2)
    yield f'<text class="axis" x="{across:g}" y="12" text-anchor="middle">Predicted class</text>'
    yield (
        f'<text class="axis" transform="translate(12 {down:g}) rotate(-90)" '
        'text-anchor="middle">True class</text>'
    )


def _labels(grid: _Grid, labels: Sequence[str]) -> Iterator[str]:
    for i, label in enumerate(labels):
        title = f"<title>{escape(_tooltip(label))}</title>"
        text = escape(_fit(label, _MAX_COLUMNS))
        yield (
            f'<text x="{grid.left - _GAP}" y="{grid.y(i + 0.5):g}" text-anchor="end" '
            f'dominant-baseline="central">{title}{text}</text>'
        )
        if grid.flat:
            flat = escape(_fit(label, _MAX_FLAT_COLUMNS))
            yield (
                f'<text x="{grid.x(i + 0.5):g}" y="{grid.top - _GAP}" '
                f'text-anchor="middle">{title}{flat}</text>'
            )
        else:
            yield (
                f'<text transform="translate({grid.x(i + 0.5):g} {grid.top - _GAP}) rotate(-90)" '
                f'dominant-baseline="central">{title}{text}</text>'
            )


def _cells(grid: _Grid, matrix: ConfusionMatrix) -> Iterator[str]:
    for i, (label, counts) in enumerate(zip(matrix.labels, matrix.counts, strict=True)):
        total = sum(counts)
        for j, count in enumerate(counts):
            kind = "none" if not count else "hit" if i == j else "miss"
            share = count / total if total else 0.0
            shade = f' fill-opacity="{_FAINTEST + (1 - _FAINTEST) * share:.2f}"' if count else ""
            tip = (
                f"{_tooltip(label)}, predicted as {_tooltip(matrix.labels[j])}: "
                f"{count} of {total} rows ({percent(share)})"
            )
            yield (
                f'<g class="{kind}{" own" if i == j else ""}"><title>{escape(tip)}</title>'
                f'<rect x="{grid.x(j):g}" y="{grid.y(i):g}" width="{grid.cell_width}" '
                f'height="{grid.cell_height}"{shade}/>'
                f'<text x="{grid.x(j + 0.5):g}" y="{grid.y(i + 0.5):g}" text-anchor="middle" '
                f'dominant-baseline="central">{_short(count)}</text></g>'
            )


def _summary(matrix: ConfusionMatrix) -> str:
    """What the matrix shows, for somebody who does not see it."""
    total = sum(map(sum, matrix.counts))
    right = sum(matrix.counts[i][i] for i in range(len(matrix.labels)))
    text = f"{len(matrix.labels)} classes; {right} of {total} rows are predicted right."
    wrong = [
        (count, matrix.labels[i], matrix.labels[j])
        for i, counts in enumerate(matrix.counts)
        for j, count in enumerate(counts)
        if i != j and count
    ]
    if wrong:
        count, actual, predicted = max(wrong, key=lambda cell: cell[0])
        text += (
            f" Most frequent mistake: {_tooltip(actual)} taken for {_tooltip(predicted)}, "
            f"rows: {count}."
        )
    return f"{text} The table below has every number."


def _hundredths(share: float, *, most: float = 100) -> str:
    return f"{min(max(share * 100, 0), most):.4g}"


def _tooltip(label: str) -> str:
    return shorten(label, characters=_MAX_TOOLTIP_CHARACTERS)


def _fit(label: str, columns: int) -> str:
    """The label in at most so many columns; a wide character, as in Chinese, takes two."""
    line = shorten(label, characters=_MAX_TOOLTIP_CHARACTERS)
    if _columns(line) <= columns:
        return line
    while _columns(line) > columns - 1:
        line = line[:-1]
    return f"{line}…"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _short(count: int) -> str:
    """A number in at most four characters; the table has it in full."""
    for limit, unit, name in ((10_000, 1, ""), (1_000_000, 1_000, "k"), (10**9, 10**6, "M")):
        if count < limit:
            return f"{count // unit}{name}"
    return f"{count // 10**9}G"
