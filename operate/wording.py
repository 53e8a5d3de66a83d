"""How times, figures and foreign text read in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

# In the order in which people see them; a task's first one stands for the whole.
_METRICS = {
    "accuracy": "accuracy",
    "macroF1": "macro F1",
    "worstRecall": "worst recall",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}
_SHARES = {"accuracy", "macroF1", "worstRecall"}


def when(moment: str | datetime) -> str:
    """A point in time: 2026-11-22 14:30:00 UTC; a text that is none as it is."""
    try:
        given = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        return str(moment)
    return f"{given.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def printable(text: str) -> str:
    """One line that cannot steer a terminal or look like another one: people typed some of it."""
    return "".join(character if character.isprintable() else " " for character in text)


def metric_texts(metrics: Mapping[str, float]) -> list[str]:
    """Each metric as a person reads it, the headline first: accuracy 96.7 %."""
    known = [name for name in _METRICS if name in metrics]
    others = [name for name in metrics if name not in _METRICS]
    return [f"{_METRICS.get(name, name)} {_figure(name, metrics[name])}" for name in known + others]


def _figure(name: str, value: float) -> str:
    return f"{value * 100:.1f} %" if name in _SHARES else f"{value:.4g}"
