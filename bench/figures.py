"""What was measured, and its place in .local/bench.json."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULT = Path(__file__).resolve().parent.parent / ".local" / "bench.json"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One quantity, in runs that were measured in turns with what it stands beside.

    `beside` is empty where there is nothing to measure beside; then there is no ratio.
    """

    name: str
    title: str
    unit: str
    ours: tuple[float, ...]
    beside: tuple[float, ...] = ()
    beside_name: str = "baseline"
    larger_is_better: bool = True

    @property
    def ratio(self) -> float:
        """How many times better ours is, by the medians: larger is better, whatever the unit."""
        return self._ratio(statistics.median(self.ours), statistics.median(self.beside))

    @property
    def ratios(self) -> list[float]:
        """The same, of each turn by itself."""
        return [self._ratio(*pair) for pair in zip(self.ours, self.beside, strict=True)]

    def _ratio(self, ours: float, beside: float) -> float:
        return ours / beside if self.larger_is_better else beside / ours

    def line(self) -> str:
        """The figure for a person, on one line."""
        text = f"  {self.title}: {spread(self.ours)} {self.unit}"
        if not self.beside:
            return text
        text = f"{text}; {self.beside_name} {spread(self.beside)}; "
        if len(self.ours) == 1:
            return f"{text}{rounded(self.ratio)} times as good"
        turns = f"{rounded(min(self.ratios))} to {rounded(max(self.ratios))}"
        return f"{text}{rounded(self.ratio)} times as good ({turns})"

    def as_json(self, *, measured_at: str) -> dict[str, Any]:
        """All of it, medians and spread included."""
        content: dict[str, Any] = {
            "title": self.title,
            "unit": self.unit,
            "largerIsBetter": self.larger_is_better,
            "measuredAt": measured_at,
            "ours": _runs(self.ours),
        }
        if self.beside:
            content["beside"] = {"name": self.beside_name, **_runs(self.beside)}
            content["ratio"] = {"ofMedians": self.ratio, **_runs(self.ratios)}
        return content


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that so large a share of them (0 to 1) does not exceed.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def rounded(value: float) -> str:
    """Three digits that say something; large numbers whole."""
    value = float(f"{value:.3g}") if abs(value) < 100 else value
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}"


def spread(values: Sequence[float]) -> str:
    """Median, smallest and largest; a single value as it is."""
    middle = rounded(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({rounded(min(values))} to {rounded(max(values))})"


def write(
    *,
    ratios: Mapping[str, float] | None = None,
    figures: Sequence[Figure] = (),
    gone: Sequence[str] = (),
    machine: Mapping[str, str] | None = None,
    path: Path | None = None,
) -> None:
    """Put results into the file, beside those of measurements that did not run.

    Args:
        machine: what the figures were measured on, which is what the file says from then on.
        gone: figures that could not be measured now: old ones are not left to pass for new.
    """
    path = path or RESULT
    content, now = _written(path), _now()
    all_ratios = {**content.get("ratios", {}), **(ratios or {})}
    all_figures = content.get("figures", {})
    for figure in figures:
        all_figures[figure.name] = figure.as_json(measured_at=now)
        if figure.beside:
            all_ratios[figure.name] = figure.ratio
    for name in gone:
        all_ratios.pop(name, None)
        all_figures.pop(name, None)
    content = {**content, "ratios": all_ratios, "figures": all_figures}
    if machine:
        content["machine"] = dict(machine)
    _put(content, path)


def write_soak(result: Mapping[str, Any], *, path: Path | None = None) -> None:
    """Put a soak's result into the file, in place of an earlier one's."""
    path = path or RESULT
    _put({**_written(path), "soak": {**result, "measuredAt": _now()}}, path)


def _written(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return content


def _put(content: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _runs(values: Sequence[float]) -> dict[str, Any]:
    return {
        "median": statistics.median(values),
        "smallest": min(values),
        "largest": max(values),
        "runs": list(values),
    }
