"""docs/performance.md, its picture and a sentence of the README, from .local/bench.json.

Both pages are written by hand but for what stands between two marks; numbers are never typed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import container
from bench.figures import RESULT, rounded

_ROOT = Path(__file__).resolve().parent.parent
PAGE = _ROOT / "docs" / "performance.md"
README = _ROOT / "README.md"
PICTURE = _ROOT / "docs" / "performance.svg"
_PLOT = Path(__file__).resolve().parent / "plot.py"
_PYTHON = _ROOT / ".local" / "bench-env" / "bin" / "python"
BEGIN = "<!-- `python -m bench report` writes from here … -->"
END = "<!-- … to here -->"
_SUMMARY = {
    "single_row_rps_16": "{} times the requests a second (one row, 16 connections)",
    "single_row_p99_16": "a p99 latency that is {} times shorter",
    "batch_rows": "{} times the rows a second in batches of 5 MB",
    "first_ping": "the first healthy ping {} times sooner",
    "peak_memory": "{} times less memory",
    "image_size": "an image {} times smaller",
    "training_rows": "{} times the rows a second in training",
}


class ReportError(Exception):
    """The report cannot be written; the message says why and what to do."""


def main() -> int:
    """Write page and picture; returns the exit code."""
    try:
        if not RESULT.exists():
            raise ReportError(f"{RESULT} is not there; `make bench` writes it")
        content = json.loads(RESULT.read_text(encoding="utf-8"))
        told = {path: told_anew(path, content) for path in (PAGE, README)}
        draw(content, PICTURE)
        for path, text in told.items():
            path.write_text(text, encoding="utf-8")
    except ReportError as error:
        print(f"Nothing was written: {error}.", file=sys.stderr)
        return 1
    for path in (*told, PICTURE):
        print(f"{path.relative_to(_ROOT)} is written.")
    return 0


def told_anew(path: Path, content: Mapping[str, Any]) -> str:
    """The text of the page or of the README with these figures.

    Raises:
        ReportError: it has not both marks, or there is no figure.
    """
    if not content.get("figures"):
        raise ReportError("no container was measured; `make bench` does it where an engine answers")
    lines = tables(content) if path == PAGE else [textwrap.fill(summary(content), 100)]
    return between_marks(path.read_text(encoding="utf-8"), lines)


def between_marks(text: str, lines: Iterable[str]) -> str:
    """The text with these lines in place of those between the marks.

    Raises:
        ReportError: it has not both marks.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ReportError(f"a page has not both lines {BEGIN} and {END}")
    return "\n".join([before + BEGIN, "", *lines, "", END + after])


def summary(content: Mapping[str, Any]) -> str:
    """The ratios in one sentence, as far as they were measured."""
    parts = [
        f"{words.format(rounded(figure['ratio']['ofMedians']))}"
        for name, words in _SUMMARY.items()
        if (figure := content["figures"].get(name))
    ]
    return f"{_where(content)} Beside the baseline: {'; '.join(parts)}."


def bars(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the picture shows: how many times better, beside the baseline, with the spread."""
    return [
        {
            "title": figure["title"],
            "ratio": figure["ratio"]["ofMedians"],
            "smallest": min(figure["ratio"]["smallest"], figure["ratio"]["ofMedians"]),
            "largest": max(figure["ratio"]["largest"], figure["ratio"]["ofMedians"]),
            "label": f"{rounded(figure['ratio']['ofMedians'])} times",
        }
        for figure in _ordered(content)
        if "ratio" in figure and figure["beside"]["name"] == "baseline"
    ]


def draw(content: Mapping[str, Any], target: Path) -> None:
    """Draw the picture with matplotlib, which has an environment of its own.

    Raises:
        ReportError: it is not there, or failed.
    """
    python = os.environ.get("BENCH_PYTHON") or str(_PYTHON)
    if not Path(python).exists():
        raise ReportError(f"{python} with matplotlib is missing; `make bench` makes it")
    done = subprocess.run(
        [python, str(_PLOT), str(target)],
        input=json.dumps(bars(content)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReportError(f"the picture was not drawn: {done.stderr.strip()[-1000:]}")


def tables(content: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the page: when and where, the table, what does not stand in it, the picture."""
    figures = _ordered(content)
    brackets = "Medians, and in brackets the smallest and largest of all turns."
    yield textwrap.fill(f"{_where(content)} {brackets}", 100)
    yield ""
    yield "| | this image | baseline | times better |"
    yield "|---|---|---|---|"
    for figure in figures:
        if figure.get("beside", {}).get("name") == "baseline":
            yield _row(figure)
    yield ""
    yield textwrap.fill(" ".join(map(_sentence, figures)).strip(), 100)
    if soak := content.get("soak"):
        yield ""
        yield textwrap.fill(_soak(soak), 100)
    yield ""
    yield f"![Times better than the baseline]({PICTURE.name})"


def _ordered(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The figures in the order in which they are measured when all are."""
    names = [name for _, figures in container.MEASUREMENTS.values() for name in figures]
    return [content["figures"][name] for name in names if name in content["figures"]]


def _where(content: Mapping[str, Any]) -> str:
    days = sorted({_day(figure["measuredAt"]) for figure in content["figures"].values()})
    about = content.get("machine", {})
    parts = [about.get(name, "") for name in ("processor", "cores", "memory", "system", "engine")]
    parts[1] = f"{parts[1]} cores"
    when = f"on {days[0]}" if len(days) == 1 else f"between {days[0]} and {days[-1]}"
    return f"Measured {when} ({', '.join(part for part in parts if part)})."


def _sentence(figure: Mapping[str, Any]) -> str:
    """What does not stand in the table."""
    beside = figure.get("beside", {"name": ""})
    if beside["name"] == "ceiling":
        ratio = figure["ratio"]
        return (
            f"The same server with a constant answer, the ceiling, reaches {_spread(beside)} "
            f"{figure['unit']} on one row and 16 connections: this image has "
            f"{ratio['ofMedians']:.0%} of that ({ratio['smallest']:.0%} to {ratio['largest']:.0%})."
        )
    if not beside["name"]:
        return f"{_capital(figure['title'])}: {_spread(figure['ours'])} {figure['unit']}."
    return ""


def _soak(soak: Mapping[str, Any]) -> str:
    return (
        f"Soak on {_day(soak['measuredAt'])}: {soak['requests']:,} requests, of which "
        f"{soak['bad']:,} were bad or broken off, in {soak['seconds']:.0f} s; "
        f"{soak['deviations']} answers other than expected; memory of all processes "
        f"{soak['memoryAfterWarmUp'] / 2**20:.1f} MiB after a tenth of them, "
        f"{soak['memoryAtEnd'] / 2**20:.1f} MiB at the end ({soak['growth']:+.1%})."
    )


def _row(figure: Mapping[str, Any]) -> str:
    unit = figure["unit"]
    cells = [
        _capital(figure["title"]),
        f"{_spread(figure['ours'])} {unit}",
        f"{_spread(figure['beside'])} {unit}",
        _ratio(figure["ratio"]),
    ]
    return f"| {' | '.join(cells)} |"


def _ratio(ratio: Mapping[str, Any]) -> str:
    middle = f"**{rounded(ratio['ofMedians'])}**"
    if len(ratio["runs"]) == 1:
        return middle
    return f"{middle} ({rounded(ratio['smallest'])} to {rounded(ratio['largest'])})"


def _spread(runs: Mapping[str, Any]) -> str:
    middle = rounded(runs["median"])
    if len(runs["runs"]) == 1:
        return middle
    return f"{middle} ({rounded(runs['smallest'])} to {rounded(runs['largest'])})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).date().isoformat()
