"""Charts: valid XML, the right numbers, every label shown as text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from answer_approval.charts import bar, confusion_matrix
from hypothesis import given
from hypothesis import strategies as st
from shared.evaluation import ConfusionMatrix

_SVG = "{http://www.w3.org/2000/svg}"
_MATRIX = ConfusionMatrix(
    labels=("setosa", "versicolor", "virginica"), counts=((10, 0, 0), (0, 9, 1), (0, 0, 12_345))
)


def _drawn(matrix: ConfusionMatrix) -> ET.Element:
    return ET.fromstring(confusion_matrix(matrix))  # noqa: S314 - our own text


def _cells(svg: ET.Element) -> list[ET.Element]:
    return list(svg.iter(f"{_SVG}g"))


def _numbers(svg: ET.Element) -> list[str]:
    return [cell.findtext(f"{_SVG}text") or "" for cell in _cells(svg)]


def _kinds(svg: ET.Element) -> list[str]:
    return [cell.attrib["class"] for cell in _cells(svg)]


def test_matrix_has_its_numbers_row_by_row() -> None:
    svg = _drawn(_MATRIX)

    assert _numbers(svg) == ["10", "0", "0", "0", "9", "1", "0", "0", "12k"]
    assert _kinds(svg) == [
        *["hit own", "none", "none"],
        *["none", "hit own", "miss"],
        *["none", "none", "hit own"],
    ]


def test_shade_is_the_share_of_the_row() -> None:
    svg = _drawn(ConfusionMatrix(labels=("a", "b"), counts=((3, 1), (0, 50))))

    shades = [cell.find(f"{_SVG}rect").get("fill-opacity") for cell in _cells(svg)]  # type: ignore[union-attr]
    assert shades == ["0.79", "0.36", None, "1.00"]


def test_matrix_speaks_to_those_who_do_not_see_it() -> None:
    svg = _drawn(_MATRIX)

    assert svg.get("role") == "img"
    named = (svg.get("aria-labelledby") or "").split()
    texts = {element.get("id"): element.text or "" for element in svg}
    assert texts[named[0]] == "Confusion matrix"
    assert "12364 of 12365 rows are predicted right" in texts[named[1]]
    assert "versicolor taken for virginica, rows: 1" in texts[named[1]]
    tip = _cells(svg)[5].findtext(f"{_SVG}title")
    assert tip == "versicolor, predicted as virginica: 1 of 10 rows (10.0 %)"


def test_a_class_that_never_occurs_divides_by_nothing() -> None:
    svg = _drawn(ConfusionMatrix(labels=("a", "b"), counts=((0, 0), (0, 0))))

    assert _numbers(svg) == ["0"] * 4


_LABELS = st.text(st.characters() | st.sampled_from("<>&\"' 日本"), max_size=40)


@given(labels=st.lists(_LABELS, min_size=1, max_size=20), count=st.integers(0, 10**12 - 1))
def test_any_matrix_is_valid_and_within_its_frame(labels: list[str], count: int) -> None:
    matrix = ConfusionMatrix(
        labels=tuple(labels), counts=tuple(tuple(count for _ in labels) for _ in labels)
    )

    svg = _drawn(matrix)

    assert len(_cells(svg)) == len(labels) ** 2
    assert all(len(number) <= 4 for number in _numbers(svg))
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    for rect in svg.iter(f"{_SVG}rect"):
        assert 0 <= float(rect.attrib["x"]) <= width - float(rect.attrib["width"])
        assert 0 <= float(rect.attrib["y"]) <= height - float(rect.attrib["height"])
    allowed = {"svg", "title", "desc", "g", "rect", "text"}
    assert {element.tag.removeprefix(_SVG) for element in svg.iter()} <= allowed
    assert not [element for element in svg.iter() if element.get("style")]


def test_twenty_wide_classes_fit_a_desktop_page() -> None:
    labels = tuple(f"{i} a label that goes on and on" for i in range(20))
    matrix = ConfusionMatrix(labels=labels, counts=((7,) * 20,) * 20)

    # The column of the page is 50rem wide, less what stands around a chart.
    assert float(_drawn(matrix).attrib["width"]) <= 800 - 2 * 21


@pytest.mark.parametrize(
    ("share", "mark", "width", "place"),
    [(0.5, None, "50", None), (1.0, 0.25, "100", "25"), (0.0, 1.0, "0", "98.5")],
)
def test_bar_is_as_long_as_its_share(
    share: float, mark: float | None, width: str, place: str | None
) -> None:
    rects = {rect.attrib["class"]: rect for rect in ET.fromstring(bar(share, mark=mark))}  # noqa: S314

    assert rects["share"].get("width") == width
    assert rects["track"].get("width") == "100"
    assert (rects["mark"].get("x") if "mark" in rects else None) == place
