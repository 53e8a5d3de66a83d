"""Charts of a regression: valid XML, every row in its place, whatever the numbers are."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from answer_approval.axes import Axis
from answer_approval.plots import bins_of, histogram, scatter
from hypothesis import given
from hypothesis import strategies as st
from shared.evaluation import Point

_SVG = "{http://www.w3.org/2000/svg}"
_POINTS: list[Point] = [(0.0, 0.0), (1.0, 1.5), (2.0, 1.0), (4.0, 4.0)]


def _drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own text


def _dots(svg: ET.Element) -> list[tuple[float, float]]:
    return [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in svg.iter(f"{_SVG}circle")]


def _texts(svg: ET.Element) -> dict[str, str]:
    return {element.attrib["id"]: element.text or "" for element in svg if "id" in element.attrib}


def test_true_values_go_to_the_right_and_predictions_up() -> None:
    dots = _dots(_drawn(scatter(_POINTS)))

    # Given one scale on both axes, rows that are predicted right lie on the diagonal
    assert len(dots) == 4
    (x0, y0), (x1, y1), (x2, y2), (x4, y4) = dots
    assert x0 < x1 < x2 < x4
    assert y0 > y2 > y1 > y4
    assert (x2 - x0) / (x4 - x0) == pytest.approx(0.5, abs=0.01)
    assert (y0 - y2) / (y0 - y4) == pytest.approx(0.25, abs=0.01)


def test_the_charts_speak_to_those_who_do_not_see_them() -> None:
    for svg, title, words in (
        (_drawn(scatter(_POINTS)), "Predicted against true values", "from 0 to 4"),
        (_drawn(histogram(_POINTS)), "Errors: predicted less true value", "Most, 2, have"),
    ):
        assert svg.get("role") == "img"
        named = (svg.get("aria-labelledby") or "").split()
        texts = _texts(svg)
        assert texts[named[0]] == title
        assert words in texts[named[1]]
        assert "4 rows" in texts[named[1]]
    tips = [dot.findtext(f"{_SVG}title") for dot in _drawn(scatter(_POINTS)).iter(f"{_SVG}circle")]
    assert tips[1] == "true 1, predicted 1.5"


def test_every_error_is_in_the_bin_around_it() -> None:
    axis, bins = bins_of(_POINTS)

    assert axis.step == pytest.approx(0.2)
    filled = {(round(low, 9), round(high, 9)): rows for low, high, rows in bins if rows}
    assert filled == {(-1.0, -0.8): 1, (0.0, 0.2): 2, (0.4, 0.6): 1}


def test_columns_are_as_high_as_their_rows() -> None:
    points = [(0.0, error) for error, rows in ((-1.0, 1), (0.05, 4), (1.0, 2)) for _ in range(rows)]

    svg = _drawn(histogram(points))

    heights = {
        cell.findtext(f"{_SVG}text"): float(rect.attrib["height"])
        for cell in svg.iter(f"{_SVG}g")
        for rect in cell.iter(f"{_SVG}rect")
        if cell.findtext(f"{_SVG}text")
    }
    assert heights["4"] == pytest.approx(4 * heights["1"], abs=1)
    assert heights["2"] == pytest.approx(2 * heights["1"], abs=1)


_ANY = st.floats() | st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, 1e-310, 1e15, 1e15 + 0.125])


@given(points=st.lists(st.tuples(_ANY, _ANY), max_size=30))
def test_any_numbers_are_drawn_within_the_frame(points: list[Point]) -> None:
    for svg in (_drawn(scatter(points)), _drawn(histogram(points))):
        width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
        for name in ("x", "x1", "x2", "cx"):
            places = [float(e.attrib[name]) for e in svg.iter() if name in e.attrib]
            assert all(0 <= place <= width for place in places)
        for name in ("y", "y1", "y2", "cy"):
            places = [float(e.attrib[name]) for e in svg.iter() if name in e.attrib]
            assert all(0 <= place <= height for place in places)
        allowed = {"svg", "title", "desc", "g", "rect", "text", "line", "circle"}
        assert {element.tag.removeprefix(_SVG) for element in svg.iter()} <= allowed
        assert not [element for element in svg.iter() if element.get("style")]
        assert len(list(svg.iter(f"{_SVG}rect"))) <= 20


@given(points=st.lists(st.tuples(_ANY, _ANY), max_size=30))
def test_no_row_is_lost_between_bins(points: list[Point]) -> None:
    _, bins = bins_of(points)

    errors = [predicted - actual for actual, predicted in points]
    assert sum(rows for _, _, rows in bins) == sum(abs(error) <= 1e300 for error in errors)


@given(
    values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20),
    parts=st.integers(3, 14),
)
def test_an_axis_holds_its_values_and_few_round_ticks(values: list[float], parts: int) -> None:
    axis = Axis.of(values, parts=parts)

    assert all(-1e-9 <= axis.share(value) <= 1 + 1e-9 for value in (*values, *axis.ticks))
    assert 1 <= len(axis.ticks) <= parts + 1
    assert len(axis.edges) <= parts + 3
    assert axis.share(axis.edges[0]) <= axis.share(min(values)) + 1e-9
    assert axis.share(max(values)) <= axis.share(axis.edges[-1]) + 1e-9
    assert all(len(axis.text(tick)) <= 10 for tick in axis.ticks)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0, 4], ["0", "1", "2", "3", "4"]),
        ([-0.5, 0.5], ["\N{MINUS SIGN}0.4", "\N{MINUS SIGN}0.2", "0.0", "0.2", "0.4"]),
        ([0, 3900], ["0", "1,000", "2,000", "3,000"]),
        ([0, 4e9], ["0", "1e+09", "2e+09", "3e+09", "4e+09"]),
        ([7, 7], ["6.5", "7.0", "7.5"]),
        ([], ["0.0", "0.5", "1.0"]),
    ],
)
def test_ticks_read_well(values: list[float], texts: list[str]) -> None:
    axis = Axis.of(values, parts=5 if values == [-0.5, 0.5] else 4)

    assert [axis.text(tick) for tick in axis.ticks] == texts
