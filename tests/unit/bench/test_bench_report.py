"""The page about performance: its numbers come from the figures, and from nowhere else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bench import report

_FIGURES = json.loads((Path(__file__).parent / "figures.json").read_text(encoding="utf-8"))
_PAGE = f"# Title\n\nWords.\n\n{report.BEGIN}\n\nold numbers\n\n{report.END}\n\nMore words.\n"


def _content(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of the figures
    return {**copy.deepcopy(_FIGURES), **changes}


def _page(content: dict[str, Any], text: str = _PAGE) -> str:
    return report.between_marks(text, report.tables(content))


def test_the_page_has_the_figures_between_its_marks() -> None:
    text = _page(_content())

    assert text.startswith(f"# Title\n\nWords.\n\n{report.BEGIN}\n")
    assert text.endswith(f"{report.END}\n\nMore words.\n")
    assert "old numbers" not in text
    assert (
        "| One row, 16 connections | 20,000 (19,000 to 21,000) requests/s "
        "| 800 (700 to 900) requests/s | **25.0** (21.1 to 30.0) |" in text
    )
    assert "| Image size | 200 MB | 600 MB | **3.00** |" in text


def test_the_page_says_when_and_on_what() -> None:
    text = " ".join(_page(_content()).split())

    assert "on 2026-11-30 (Some CPU, 2 cores, 8 GiB, Linux 6.1, x86_64, podman 4)" in text


def test_figures_of_several_days_say_so() -> None:
    content = _content()
    content["figures"]["image_size"]["measuredAt"] = "2026-11-28T10:00:00+00:00"

    assert "between 2026-11-28 and 2026-11-30" in _page(content)


def test_the_ceiling_and_what_stands_alone_are_sentences() -> None:
    text = " ".join(_page(_content()).split())

    assert "reaches 40,000 (38,000 to 42,000) requests/s on one row" in text
    assert "this image has 50% of that (45% to 55%)" in text
    assert "One row as JSON, 16 connections: 18,000 (17,000 to 19,000) requests/s." in text


def test_a_soak_is_told() -> None:
    soak = {
        "measuredAt": "2026-11-30T11:20:00+00:00",
        "requests": 2_000_000,
        "bad": 150_000,
        "deviations": 0,
        "seconds": 123.4,
        "memoryAfterWarmUp": 50 * 2**20,
        "memoryAtEnd": 51 * 2**20,
        "growth": 0.02,
    }

    text = " ".join(_page(_content(soak=soak)).split())

    assert "2,000,000 requests, of which 150,000 were bad or broken off, in 123 s; 0 ans" in text
    assert "50.0 MiB after a tenth of them, 51.0 MiB at the end (+2.0%)" in text


def test_a_written_page_can_be_written_again() -> None:
    once = _page(_content())

    assert _page(_content(), once) == once


@pytest.mark.parametrize("page", ["no marks", report.BEGIN, f"{report.END}{report.BEGIN}"])
def test_a_page_without_marks_is_left_alone(page: str) -> None:
    with pytest.raises(report.ReportError, match="both lines"):
        _page(_content(), page)


def test_without_figures_there_is_no_report() -> None:
    with pytest.raises(report.ReportError, match="no container was measured"):
        report.told_anew(report.PAGE, {"ratios": {"synth": 1.0}})


def test_page_and_readme_have_their_marks() -> None:
    assert "| One row, 16 connections | 20,000" in report.told_anew(report.PAGE, _content())
    assert "25.0 times the requests" in report.told_anew(report.README, _content())


def test_the_readme_has_a_sentence_of_what_was_measured() -> None:
    assert report.summary(_content()) == (
        "Measured on 2026-11-30 (Some CPU, 2 cores, 8 GiB, Linux 6.1, x86_64, podman 4). Beside "
        "the baseline: 25.0 times the requests a second (one row, 16 connections); an image 3.00 "
        "times smaller."
    )


def test_the_picture_shows_what_stands_beside_the_baseline() -> None:
    bars = report.bars(_content())

    assert [bar["title"] for bar in bars] == ["one row, 16 connections", "image size"]
    assert bars[0] == {
        "title": "one row, 16 connections",
        "ratio": 25.0,
        "smallest": 21.1,
        "largest": 30.0,
        "label": "25.0 times",
    }


def test_without_matplotlib_nothing_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_PYTHON", str(tmp_path / "python"))

    with pytest.raises(report.ReportError, match="make bench"):
        report.draw(_content(), tmp_path / "picture.svg")
