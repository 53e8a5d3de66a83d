"""The metrics that models are compared by, and how each reads to a person.

As scikit-learn defines them; macro F1 with zero_division=0:
https://scikit-learn.org/stable/modules/model_evaluation.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from shared import fields
from shared.text import percent

Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)

UNDEFINED = "undefined"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure of an evaluation.

    name is the key in events and reports, setting the one in settings.toml. A share is from 0 to 1
    and reads as a percentage.
    """

    name: str
    setting: str
    label: str
    task: Task
    higher_is_better: bool
    is_share: bool

    def as_text(self, value: float | None) -> str:
        """The value as a person reads it: 96.7 %, 0.1234; None is a metric that is undefined."""
        if value is None:
            return UNDEFINED
        return percent(value) if self.is_share else number_text(value)


def _metric(name: str, setting: str, label: str, *, task: Task, **shape: bool) -> Metric:
    return Metric(name=name, setting=setting, label=label, task=task, **shape)


_SHARE = {"higher_is_better": True, "is_share": True}
_ERROR = {"higher_is_better": False, "is_share": False}

# In the order in which people see them; a task's first one is its headline.
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _metric("accuracy", "accuracy", "Accuracy", task="classification", **_SHARE),
        _metric("macroF1", "macro_f1", "Macro F1", task="classification", **_SHARE),
        _metric("worstRecall", "worst_recall", "Worst recall", task="classification", **_SHARE),
        _metric("rmse", "rmse", "RMSE", task="regression", **_ERROR),
        _metric("mae", "mae", "MAE", task="regression", **_ERROR),
        _metric("r2", "r2", "R²", task="regression", higher_is_better=True, is_share=False),
    )
}
HEADLINE: Mapping[Task, str] = {"classification": "accuracy", "regression": "rmse"}


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """The metrics of a task, its headline first."""
    return tuple(metric for metric in METRICS.values() if metric.task == task)


def number_text(value: float) -> str:
    """A number as a person reads it, to four digits: 0.01234, 12.34, 12,340."""
    size = abs(value)
    if size and not 1e-4 <= size < 1e9:
        return f"{value:.3e}"
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.4g}"


def task_from_json(event: Mapping[str, Any]) -> Task:
    """The task in field `task`.

    Raises:
        InvalidEventError: the field is missing or no task.
    """
    given = fields.text(event, "task")
    for task in TASKS:
        if given == task:
            return task
    raise fields.InvalidEventError(f"Field 'task' must be one of {', '.join(TASKS)}.")


def metrics_from_json(event: Mapping[str, Any], *, task: Task) -> dict[str, float | None]:
    """The values in field `metrics`, one for each metric of the task; None is undefined.

    Raises:
        InvalidEventError: the field or a metric is missing, or a value is no finite number.
    """
    given = fields.mapping(event, "metrics")
    values: dict[str, float | None] = {}
    for metric in metrics_of(task):
        if metric.name not in given:
            raise fields.InvalidEventError(f"Field 'metrics' must have {metric.name!r}.")
        value = None if given[metric.name] is None else fields.number(given, metric.name)
        if value is not None and not math.isfinite(value):
            raise fields.InvalidEventError(f"Metric {metric.name!r} must be a finite number.")
        values[metric.name] = value
    return values
