"""Draws the picture of a report; runs where matplotlib is: `plot.py TARGET`, bars as JSON in."""

import importlib
import json
import sys
from typing import Any

_INK, _BAR, _SPREAD = "#1f2933", "#2f6f9f", "#c8501e"


def main() -> None:
    """One bar a measurement, on a scale on which twice as good is the same step everywhere."""
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    # Text stays text, and the same figures give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "performance"})
    pyplot = importlib.import_module("matplotlib.pyplot")
    bars: list[dict[str, Any]] = json.load(sys.stdin)[::-1]
    places = range(len(bars))
    ratios = [bar["ratio"] for bar in bars]
    figure, axes = pyplot.subplots(figsize=(9, 1.3 + 0.4 * len(bars)), layout="constrained")
    axes.barh(places, [ratio - 1 for ratio in ratios], left=1, color=_BAR, height=0.6)
    spread = (
        [bar["ratio"] - bar["smallest"] for bar in bars],
        [bar["largest"] - bar["ratio"] for bar in bars],
    )
    axes.errorbar(ratios, places, xerr=spread, fmt="none", ecolor=_SPREAD, capsize=3)
    axes.set_xscale("log")
    low = min(0.9, *(bar["smallest"] * 0.8 for bar in bars))
    high = max(bar["largest"] for bar in bars) * 2
    axes.set_xlim(low, high)
    round_numbers = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
    ticks = [number for number in round_numbers if low <= number <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(places, [bar["title"] for bar in bars])
    for place, bar in zip(places, bars, strict=True):
        beyond = max(bar["largest"], 1) * 1.08
        axes.text(beyond, place, bar["label"], va="center", color=_INK, fontweight="bold")
    axes.axvline(1, color=_INK, linewidth=1)
    axes.set_xlabel(
        "times better than the baseline stack (1: the same), with the spread of all turns"
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#d9dee3", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.savefig(sys.argv[1], format="svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
