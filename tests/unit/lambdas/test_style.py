"""Colours can be read, in light and dark: WCAG 2.2, level AA.

https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from __future__ import annotations

import re

import pytest
from answer_approval.style import STYLE

_TEXT = 4.5
_SHAPE = 3.0
_GROUNDS = ["ground", "card", "note"]

Colour = tuple[float, float, float]


def _themes() -> dict[str, dict[str, Colour]]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    return {"light": _variables(light), "dark": _variables(dark)}


def _variables(block: str) -> dict[str, Colour]:
    return {
        name: (int(hex_[:2], 16) / 255, int(hex_[2:4], 16) / 255, int(hex_[4:], 16) / 255)
        for name, hex_ in re.findall(r"--(\w+): #([0-9a-f]{6});", block)
    }


def _contrast(one: Colour, other: Colour) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _over(top: Colour, bottom: Colour, *, opacity: float) -> Colour:
    red, green, blue = (opacity * a + (1 - opacity) * b for a, b in zip(top, bottom, strict=True))
    return red, green, blue


@pytest.fixture(params=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> dict[str, Colour]:
    return _themes()[request.param]


@pytest.mark.parametrize(
    ("text", "grounds"),
    [
        ("ink", [*_GROUNDS, "field", "better", "worse", "neutral"]),
        ("soft", _GROUNDS),
        ("accent", _GROUNDS),
        ("stop", _GROUNDS),
        ("on", ["go"]),
    ],
)
def test_text_can_be_read(colours: dict[str, Colour], text: str, grounds: list[str]) -> None:
    for ground in grounds:
        assert _contrast(colours[text], colours[ground]) >= _TEXT, ground


@pytest.mark.parametrize("shade", ["hit", "miss"])
@pytest.mark.parametrize("opacity", [0.15, 0.4, 0.6, 0.8, 1.0])
def test_numbers_can_be_read_on_every_shade(
    colours: dict[str, Colour], shade: str, opacity: float
) -> None:
    cell = _over(colours[shade], colours["card"], opacity=opacity)

    assert _contrast(colours["ink"], cell) >= _TEXT


@pytest.mark.parametrize("shape", ["bar", "edge", "accent", "stop", "go"])
def test_shapes_stand_out(colours: dict[str, Colour], shape: str) -> None:
    assert _contrast(colours[shape], colours["card"]) >= _SHAPE


def test_both_themes_set_the_same_colours() -> None:
    themes = _themes()

    assert themes["light"].keys() == themes["dark"].keys()
    used = set(re.findall(r"var\(--(\w+)\)", STYLE))
    assert used == themes["light"].keys()


def test_style_loads_nothing() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "<" not in STYLE
